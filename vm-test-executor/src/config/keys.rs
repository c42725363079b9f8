//! The keys of a guest in `vm-test.toml`, and the kind of value of each. Reads nothing.

use vm_test_protocol::daemon::OwnedSetting as Set;
use vm_test_settings::quantity::{self, Scale};

/// What a key takes, and the setting that it makes.
pub(super) enum Kind {
    Choice(&'static [&'static str], fn(String) -> Set),
    /// Text in quotes; what it is.
    Word(&'static str, fn(String) -> Set),
    Quantity(&'static Scale, fn(u64) -> Set),
    Quantities(&'static Scale, fn(Vec<u64>) -> Set),
    Count(fn(u32) -> Set),
    /// A list of texts in quotes; what they are.
    Words(&'static str, fn(Vec<String>) -> Set),
    Flag(fn(bool) -> Set),
}

/// One key.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// A value as a user would write it.
    pub(super) example: &'static str,
}

const fn key(name: &'static str, kind: Kind, example: &'static str) -> Key {
    Key {
        name,
        kind,
        example,
    }
}

/// All keys, in the order of the documents.
pub(super) const KEYS: [Key; 19] = [
    key(
        "backend",
        Kind::Choice(&["lxc", "kvm"], Set::Backend),
        r#""kvm""#,
    ),
    key(
        "accelerator",
        Kind::Choice(&["auto", "kvm", "tcg"], Set::Accelerator),
        r#""tcg""#,
    ),
    key("image", Kind::Word("name", Set::Image), r#""debian-12""#),
    key(
        "kernel",
        Kind::Word("package or a path", Set::Kernel),
        r#""linux-image-amd64""#,
    ),
    key(
        "init",
        Kind::Choice(&["agent", "system"], Set::Init),
        r#""system""#,
    ),
    key(
        "memory",
        Kind::Quantity(&quantity::SIZE, Set::Memory),
        r#""512M""#,
    ),
    key("cpus", Kind::Count(Set::Cpus), "2"),
    key(
        "network",
        Kind::Choice(&["none", "user"], Set::Network),
        r#""user""#,
    ),
    key(
        "timeout",
        Kind::Quantity(&quantity::DURATION, Set::Timeout),
        r#""60s""#,
    ),
    key(
        "boot_timeout",
        Kind::Quantity(&quantity::DURATION, Set::BootTimeout),
        r#""60s""#,
    ),
    key(
        "disks",
        Kind::Quantities(&quantity::SIZE, Set::Disks),
        r#"["1G"]"#,
    ),
    key(
        "keep",
        Kind::Choice(&["never", "on-failure"], Set::Keep),
        r#""on-failure""#,
    ),
    key(
        "keep_for",
        Kind::Quantity(&quantity::DURATION, Set::KeepFor),
        r#""30m""#,
    ),
    key("env", Kind::Words("names", Set::Env), r#"["DATABASE_URL"]"#),
    key(
        "export",
        Kind::Words("patterns", Set::Export),
        r#"["**/*.snap.new"]"#,
    ),
    key("expose", Kind::Words("paths", Set::Expose), r#"["~/.ssh"]"#),
    key(
        "devices",
        Kind::Words("words", Set::Devices),
        r#"["/dev/net/tun"]"#,
    ),
    key(
        "rollback",
        Kind::Choice(&["overlay", "snapshot"], Set::Rollback),
        r#""snapshot""#,
    ),
    key("privileged", Kind::Flag(Set::Privileged), "true"),
];

/// Whether this is a key of a guest.
pub(super) fn is_key(name: &str) -> bool {
    KEYS.iter().any(|key| key.name == name)
}
