//! The table of a guest's settings.
//!
//! The attribute, `vm-test.toml`, messages and documentation tests share it. Knows what can be
//! written, not its effect.

use crate::form::Form;
use crate::limits::{DISK, Limits, MEMORY, TIME};
use crate::placement::Placement;
use crate::word;
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// A text: static in the attribute, allocated elsewhere.
pub type Text = Cow<'static, str>;

/// A list of texts.
pub type Texts = Cow<'static, [Text]>;

/// A list of sizes in bytes.
pub type Sizes = Cow<'static, [u64]>;

/// A list of paths of the host with their paths in the guest.
pub type Placements = Cow<'static, [Placement]>;

/// A setting's key.
#[derive(Debug)]
pub struct Key {
    /// The name that users write.
    pub name: &'static str,
    /// What it is, as a sentence.
    pub about: &'static str,
    /// The variant of [`Setting`] that it sets.
    pub variant: &'static str,
    /// The kind of its value.
    pub kind: Kind,
    /// A value as users write it in the attribute, for hints.
    pub example: &'static str,
}

/// A list of placements as users write it in `vm-test.toml`: Rust has no such expression.
const PLACEMENTS_IN_FILE: &str = r#"[{ from = "testdata", to = "/srv/data" }]"#;

/// The kind of a value, with the constructor of its setting.
#[derive(Debug)]
pub enum Kind {
    /// One of these words.
    Choice(&'static [&'static str], fn(Text) -> Setting),
    /// A text of this form.
    Word(Form, fn(Text) -> Setting),
    /// A list of texts of this form.
    Words(Form, fn(Texts) -> Setting),
    /// A size or a duration within these limits.
    Quantity(Limits, fn(u64) -> Setting),
    /// A list of sizes within these limits.
    Quantities(Limits, fn(Sizes) -> Setting),
    /// A whole number in this range.
    Count(RangeInclusive<u32>, fn(u32) -> Setting),
    /// A list of paths of the host, each with its path in the guest.
    Placements(fn(Placements) -> Setting),
    /// `true` or `false`.
    Flag(fn(bool) -> Setting),
}

/// Generates the table and, from the same rows, the enum of settings.
macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident($type:ty) = $name:literal: $kind:expr, as in $example:literal;
    )+) => {
        /// One `key = value`, as written at a site and as sent in messages.
        ///
        /// Sizes are in bytes, durations in milliseconds. Values from the attribute are within
        /// their limits; the code that resolves a guest's settings checks the others.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum Setting {
            $($(#[doc = $doc])+ $variant($type),)+
        }

        impl Setting {
            /// Returns the key of this setting.
            #[must_use]
            pub fn key(&self) -> &'static Key {
                let name = match self {
                    $(Self::$variant(_) => $name,)+
                };
                Key::find(name).expect("each row makes a variant and a key")
            }
        }

        /// All keys, in the order of the documentation.
        pub const KEYS: &[Key] = &[$(
            Key {
                name: $name,
                about: concat!($($doc),+).trim_ascii_start(),
                variant: stringify!($variant),
                kind: $kind,
                example: $example,
            },
        )+];
    };
}

settings! {
    /// What runs the guest: a container or a VM.
    Backend(Text) = "backend":
        Kind::Choice(&["lxc", "kvm"], Setting::Backend), as in r#""kvm""#;
    /// What executes the instructions of a VM.
    Accelerator(Text) = "accelerator":
        Kind::Choice(&["auto", "kvm", "tcg"], Setting::Accelerator), as in r#""tcg""#;
    /// The image it starts from.
    Image(Text) = "image":
        Kind::Word(Form::Name, Setting::Image), as in r#""debian-12""#;
    /// The kernel of a VM, instead of its image's.
    Kernel(Text) = "kernel":
        Kind::Word(Form::Kernel, Setting::Kernel), as in r#""linux-image-amd64""#;
    /// The kernel modules that its tests need.
    Modules(Texts) = "modules":
        Kind::Words(Form::Module, Setting::Modules), as in r#"["dummy", "8021q"]"#;
    /// What runs as its init.
    Init(Text) = "init":
        Kind::Choice(&["agent", "system"], Setting::Init), as in r#""system""#;
    /// Its memory size.
    Memory(u64) = "memory":
        Kind::Quantity(MEMORY, Setting::Memory), as in r#""512M""#;
    /// Its number of processors.
    Cpus(u32) = "cpus":
        Kind::Count(1..=256, Setting::Cpus), as in "2";
    /// Whether it has network access to the outside.
    Network(Text) = "network":
        Kind::Choice(&["none", "user"], Setting::Network), as in r#""user""#;
    /// How many network interfaces it has at least, besides loopback.
    Interfaces(u32) = "interfaces":
        Kind::Count(0..=8, Setting::Interfaces), as in "2";
    /// Its TCP ports that the host has at its loopback.
    Forward(Texts) = "forward":
        Kind::Words(Form::Forward, Setting::Forward), as in r#"["8080"]"#;
    /// The time limit of a test.
    Timeout(u64) = "timeout":
        Kind::Quantity(TIME, Setting::Timeout), as in r#""60s""#;
    /// The time limit until the test begins.
    BootTimeout(u64) = "boot_timeout":
        Kind::Quantity(TIME, Setting::BootTimeout), as in r#""60s""#;
    /// Its blank disks.
    Disks(Sizes) = "disks":
        Kind::Quantities(DISK, Setting::Disks), as in r#"["1G"]"#;
    /// Whether an instance is kept when its test fails.
    Keep(Text) = "keep":
        Kind::Choice(&["never", "on-failure"], Setting::Keep), as in r#""on-failure""#;
    /// How long it is then kept.
    KeepFor(u64) = "keep_for":
        Kind::Quantity(TIME, Setting::KeepFor), as in r#""30m""#;
    /// Variables forwarded in addition to the defaults.
    Env(Texts) = "env":
        Kind::Words(Form::Variable, Setting::Env), as in r#"["DATABASE_URL"]"#;
    /// Workspace files that are copied back.
    Export(Texts) = "export":
        Kind::Words(Form::Pattern, Setting::Export), as in r#"["**/*.snap.new"]"#;
    /// Files and directories of the host that are copied into it.
    Files(Placements) = "files":
        Kind::Placements(Setting::Files), as in r#"[("testdata", "/srv/data")]"#;
    /// Directories of the host that it can read.
    Mounts(Placements) = "mounts":
        Kind::Placements(Setting::Mounts), as in r#"[("testdata", "/srv/data")]"#;
    /// The user's credentials that it may see.
    Expose(Texts) = "expose":
        Kind::Words(Form::Path, Setting::Expose), as in r#"["~/.ssh"]"#;
    /// The host devices that it may use.
    Devices(Texts) = "devices":
        Kind::Words(Form::Device, Setting::Devices), as in r#"["/dev/net/tun"]"#;
    /// How its writes are discarded.
    Rollback(Text) = "rollback":
        Kind::Choice(&["overlay", "snapshot"], Setting::Rollback), as in r#""snapshot""#;
    /// Whether its root is root on the host.
    Privileged(bool) = "privileged":
        Kind::Flag(Setting::Privileged), as in "true";
}

impl Kind {
    /// Returns the message that a value is of another kind.
    #[must_use]
    pub fn type_error(&self) -> String {
        match self {
            Self::Choice(..) => "the value is not a word in quotes".to_owned(),
            Self::Word(form, _) => format!("the value is not a {} in quotes", form.noun()),
            Self::Words(form, _) => format!("the value is not a list of {} in quotes", form.noun()),
            Self::Quantity(limits, _) => {
                format!("the value is not a {} in quotes", limits.scale.noun)
            }
            Self::Quantities(limits, _) => {
                format!(
                    "the value is not a list of {}s in quotes",
                    limits.scale.noun
                )
            }
            Self::Count(range, _) => {
                let (least, most) = (range.start(), range.end());
                format!("the value is not a whole number from {least} to {most}")
            }
            Self::Placements(_) => "the value is not a list of pairs of paths in quotes".to_owned(),
            Self::Flag(_) => "the value is neither `true` nor `false`".to_owned(),
        }
    }
}

impl Key {
    /// Returns the key of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// Returns a value as users write it in `vm-test.toml`, for hints.
    #[must_use]
    pub fn example_in_file(&self) -> &'static str {
        match self.kind {
            Kind::Placements(_) => PLACEMENTS_IN_FILE,
            _ => self.example,
        }
    }

    /// Returns the key that a misspelled name most likely means.
    #[must_use]
    pub fn suggestion(name: &str) -> Option<&'static str> {
        word::suggestion(name, names())
    }
}

/// Returns the names of all keys, in the order of the documentation.
pub fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_called_as_its_variant_and_stands_once() {
        for (at, key) in KEYS.iter().enumerate() {
            assert_eq!(key.name.replace('_', ""), key.variant.to_lowercase());
            let first = KEYS.iter().position(|other| other.name == key.name);
            assert_eq!(first, Some(at), "{}", key.name);
        }
    }

    #[test]
    fn every_key_makes_its_own_setting() {
        for key in KEYS {
            let setting = match key.kind {
                Kind::Choice(_, make) | Kind::Word(_, make) => make(Text::Borrowed("a")),
                Kind::Words(_, make) => make(Texts::Borrowed(&[])),
                Kind::Quantity(_, make) => make(1),
                Kind::Quantities(_, make) => make(Sizes::Borrowed(&[])),
                Kind::Count(_, make) => make(1),
                Kind::Placements(make) => make(Placements::Borrowed(&[])),
                Kind::Flag(make) => make(true),
            };
            assert_eq!(setting.key().name, key.name);
        }
    }

    #[test]
    fn misspelled_keys_are_recognised_and_other_words_are_not() {
        for (word, key) in [
            ("timout", "timeout"),
            ("time_out", "timeout"),
            ("tiemout", "timeout"),
            ("mem", "memory"),
            ("cpu", "cpus"),
            ("net", "network"),
            ("device", "devices"),
            ("disk", "disks"),
            ("envs", "env"),
            ("privilege", "privileged"),
            ("backed", "backend"),
            ("img", "image"),
        ] {
            assert_eq!(Key::suggestion(word), Some(key), "{word}");
        }
        for word in [
            "guest",
            "name",
            "firmware",
            "user",
            "x",
            "should_panic",
            "retries",
            "ram",
            "path",
        ] {
            assert_eq!(Key::suggestion(word), None, "{word}");
        }
    }
}
