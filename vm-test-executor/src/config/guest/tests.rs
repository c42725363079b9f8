//! What a guest says of values that it cannot use, as one may come from an option or another
//! version.

use super::*;
use vm_test_settings::guest::{KEYS, Kind, Placements, Sizes, Text, Texts};
use vm_test_settings::placement::Placement;

fn set(setting: &Setting) -> Result<(), Failure> {
    Guest::new("g").unwrap().set(setting)
}

fn texts(words: &[&'static str]) -> Texts {
    words.iter().map(|word| Text::Borrowed(*word)).collect()
}

fn placements(to: &[&'static str]) -> Placements {
    let placement = |to: &&'static str| Placement {
        from: "a".into(),
        to: Text::Borrowed(to),
    };
    to.iter().map(placement).collect()
}

#[test]
fn every_choice_of_the_table_can_be_made() {
    for key in KEYS {
        if let Kind::Choice(choices, make) = key.kind {
            for choice in choices {
                let set = set(&make(Text::Borrowed(choice)));
                assert!(set.is_ok(), "{} = {choice}: {set:?}", key.name);
            }
        }
    }
}

#[test]
fn a_choice_that_there_is_not_is_answered_with_those_of_the_table() {
    for (setting, cause, hint) in [
        (
            Setting::Backend("docker".into()),
            "there is no backend \"docker\"",
            "backend is \"lxc\" or \"kvm\"",
        ),
        (
            Setting::Accelerator("xen".into()),
            "there is no accelerator \"xen\"",
            "accelerator is \"auto\", \"kvm\" or \"tcg\"",
        ),
        (
            Setting::Init("systemd".into()),
            "there is no init \"systemd\"",
            "init is \"agent\" or \"system\"",
        ),
        (
            Setting::Network("host".into()),
            "there is no network \"host\"",
            "network is \"none\" or \"user\"",
        ),
        (
            Setting::Keep("always".into()),
            "there is no keep \"always\"",
            "keep is \"never\" or \"on-failure\"",
        ),
        (
            Setting::Rollback("zfs".into()),
            "there is no rollback \"zfs\"",
            "rollback is \"overlay\" or \"snapshot\"",
        ),
    ] {
        let failure = set(&setting).unwrap_err();
        assert_eq!(failure.message, format!("cannot use guest `g`: {cause}"));
        assert_eq!(failure.hint.as_deref(), Some(hint));
    }
}

#[test]
fn the_way_out_is_the_first_of_its_interfaces() {
    for (interfaces, outside, own) in [
        (0, false, 0..0),
        (2, false, 0..2),
        (2, true, 1..2),
        (0, true, 1..1),
    ] {
        let mut guest = Guest::new("g").unwrap();
        (guest.interfaces, guest.outside) = (interfaces, outside);
        assert_eq!(guest.own_interfaces(), own);
    }
}

#[test]
fn a_value_out_of_its_limits_or_its_form_is_answered_with_them() {
    for (setting, cause, hint) in [
        (
            Setting::Memory(8 << 20),
            "its memory of 8M is out of range",
            "memory must be between 16M and 1T",
        ),
        (
            Setting::Cpus(257),
            "its cpus of 257 is out of range",
            "cpus must be between 1 and 256",
        ),
        (
            Setting::Timeout(0),
            "its timeout of 0 is out of range",
            "timeout must be between 1ms and 24h",
        ),
        (
            Setting::BootTimeout(90_000_000),
            "its boot_timeout of 25h is out of range",
            "boot_timeout must be between 1ms and 24h",
        ),
        (
            Setting::KeepFor(0),
            "its keep_for of 0 is out of range",
            "keep_for must be between 1ms and 24h",
        ),
        (
            Setting::Disks(Sizes::Borrowed(&[1 << 30, 512 << 10])),
            "its disk of 512K is out of range",
            "disk must be between 1M and 1T",
        ),
        (
            Setting::Disks(vec![1 << 30; 9].into()),
            "it asks for 9 disks",
            "a VM has at most 8 blank disks",
        ),
        (
            Setting::Kernel("none".into()),
            "\"none\" is not a kernel",
            OtherKernel::HINT,
        ),
        (
            Setting::Export(texts(&["a", "/b"])),
            "its export \"/b\" is not a pattern: it begins with `/`, and patterns start from the workspace's root",
            "write one as in export = [\"**/*.snap.new\"]",
        ),
        (
            Setting::Interfaces(9),
            "its interfaces of 9 is out of range",
            "interfaces must be between 0 and 8",
        ),
        (
            Setting::Forward(texts(&["8080", "0.0.0.0:80:80"])),
            "its forward \"0.0.0.0:80:80\" cannot be used: `0.0.0.0` is not an IPv4 address of the loopback",
            "a port is forwarded to this host alone: leave the address out, or write `127.0.0.1`",
        ),
        (
            Setting::Forward(texts(&["80:80", "80:81"])),
            "its forward takes port 80 twice",
            "leave one of the two host's ports out, and any free one is taken",
        ),
        (
            Setting::Forward(texts(&["80"; 9])),
            "it forwards 9 ports",
            "a guest forwards at most 8",
        ),
        (
            Setting::Modules(texts(&["dummy", "dummy.ko"])),
            "its module \"dummy.ko\" is not the name of one",
            "write it as modprobe takes it, as in modules = [\"8021q\"]",
        ),
        (
            Setting::Files(placements(&["/srv", "/srv/"])),
            "its files has two entries for /srv",
            "remove one of them from vm-test.toml or the test",
        ),
        (
            Setting::Mounts(placements(&["/x"; 17])),
            "its mounts has 17 entries",
            "write at most 16; a directory comes with all that is in it",
        ),
        (
            Setting::Mounts(placements(&["/proc"])),
            "its mounts cannot be used: `/proc` is in `/proc`, which every guest has anew",
            "write an absolute path of the guest without `..`, as in `\"/srv/data\"`",
        ),
        (
            Setting::Expose(texts(&["~/.ssh", ".ssh"])),
            "its expose \".ssh\" is relative",
            "begin it with ~/ or /",
        ),
        (
            Setting::Devices(texts(&["/dev/sda"])),
            "there is no device \"/dev/sda\" to give",
            "the devices are \"/dev/net/tun\", \"/dev/fuse\", \"loop\"",
        ),
    ] {
        let failure = set(&setting).unwrap_err();
        assert_eq!(failure.message, format!("cannot use guest `g`: {cause}"));
        assert_eq!(failure.hint.as_deref(), Some(hint));
    }
}
