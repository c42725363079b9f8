//! Bad recipes and bad configuration: one row each.

use super::place::Place;
use std::fs;

/// A file, a command line, and the expected error.
struct Mistake {
    file: &'static str,
    content: &'static [u8],
    command: &'static [&'static str],
    message: &'static str,
    hint: &'static str,
}

const BUILD: &[&str] = &["image", "build", "a"];
const RUN: &[&str] = &["run", "g", "--", "true"];

fn refuse(mistakes: &[Mistake]) {
    for mistake in mistakes {
        let place = Place::new();
        place.write(mistake.file, mistake.content);
        place.refuse(
            &mut place.vm_test(mistake.command),
            mistake.message,
            mistake.hint,
        );
        place.assert_empty();
    }
}

#[test]
fn mistakes_in_a_recipe_are_named_with_their_line() {
    refuse(&[
        Mistake {
            file: "images/a.toml",
            content: b"base = \"debian:bookworm\"\npackges = [\"nftables\"]\n",
            command: BUILD,
            message: "cannot use {}/images/a.toml: TOML parse error at line 2, column 1\n  |\n2 | packges = [\"nftables\"]\n  | ^^^^^^^\nunknown field `packges`, expected one of `base`, `without`, `keyring`, `init`, `kernel`, `packages`, `users`, `files`, `run`",
            hint: "did you mean `packages`?",
        },
        Mistake {
            file: "images/a.toml",
            content: b"base = \"docker:nginx\"\n",
            command: BUILD,
            message: "cannot use {}/images/a.toml: unknown kind of base \"docker\"",
            hint: "a base is debian:RELEASE, ubuntu:RELEASE, tar:PATH, dir:PATH, oci:PATH, oci://REGISTRY/NAME:TAG, host, or the name of an image",
        },
        Mistake {
            file: "images/a.toml",
            content: b"base = \"debian:bookworm\"\nwithout = [\"/opt\"]\n",
            command: BUILD,
            message: "cannot use {}/images/a.toml: `without` is for base = \"host\", and the base is \"debian:bookworm\"",
            hint: "for other bases, remove files in a [[run]] step",
        },
        Mistake {
            file: "images/a.toml",
            content: b"base = \"tar:gone.tar\"\n",
            command: BUILD,
            message: "cannot import {}/images/gone.tar: No such file or directory (os error 2)",
            hint: "is the path right? A relative one starts here, or at the recipe",
        },
        Mistake {
            file: "images/a.toml",
            content: b"base = \"caf\xe9\"\n",
            command: BUILD,
            message: "cannot read {}/images/a.toml: invalid utf-8 sequence of 1 bytes from index 11",
            hint: "TOML must be UTF-8 text",
        },
        Mistake {
            file: "images/a.toml",
            content: b"base = \"a\"\n",
            command: BUILD,
            message: "cannot build image `a`: its bases form a cycle: `a` → `a`",
            hint: "give one of them a base that is not an image, such as debian:bookworm",
        },
    ]);
}

#[test]
fn mistakes_in_the_configuration_are_named() {
    refuse(&[
        Mistake {
            file: "vm-test.toml",
            content: b"[guest.g]\nmemroy = \"1G\"\n",
            command: RUN,
            message: "cannot use guest `g`: cannot set `memroy`: there is no such key (in {}/vm-test.toml, line 2)",
            hint: "did you mean `memory`?",
        },
        Mistake {
            file: "vm-test.toml",
            content: b"[guest.g]\naccelerator = \"tcg\"\n",
            command: RUN,
            message: "cannot start guest `g`: accelerator is for VMs, and a container runs on the host's kernel",
            hint: "use backend = \"kvm\", or leave accelerator out",
        },
        Mistake {
            file: "vm-test.toml",
            content: b"\n[guests.g]\n",
            command: RUN,
            message: "cannot read {}/vm-test.toml: line 2: there is no `guests` outside of the tables of guests and labs",
            hint: "a guest is declared as in [guest.worker-1]",
        },
        Mistake {
            file: "vm-test.toml",
            content: b"[guest.other]\n",
            command: RUN,
            message: "cannot find guest `g`: {}/vm-test.toml does not declare it",
            hint: "the guests are `other`, `host`; declare another as [guest.g] in vm-test.toml at the workspace's root",
        },
        Mistake {
            file: "vm-test.toml",
            content: b"[guest.\"../x\"]\n",
            command: RUN,
            message: "cannot read {}/vm-test.toml: line 1: cannot use \"../x\" as the name of a guest",
            hint: "use 1 to 63 ASCII letters, digits, `.`, `_`, `-`, beginning with a letter or digit",
        },
        Mistake {
            file: "vm-test.toml",
            content: b"[guest.g]\nmemory = \"10T\"\n",
            command: RUN,
            message: "cannot use guest `g`: its memory of 10T is out of range (in {}/vm-test.toml, line 2)",
            hint: "memory must be between 16M and 1T",
        },
        Mistake {
            file: "vm-test.toml",
            content: b"[guest.g]\nmemory = \"0M\"\n",
            command: RUN,
            message: "cannot use guest `g`: its memory of 0 is out of range (in {}/vm-test.toml, line 2)",
            hint: "memory must be between 16M and 1T",
        },
        Mistake {
            file: "vm-test.toml",
            content: b"[guest.g]\ntimeout = \"0s\"\n",
            command: RUN,
            message: "cannot use guest `g`: its timeout of 0 is out of range (in {}/vm-test.toml, line 2)",
            hint: "timeout must be between 1ms and 24h",
        },
        Mistake {
            file: "vm-test.toml",
            content: b"[guest.g]\ntimeout = \"25h\"\n",
            command: RUN,
            message: "cannot use guest `g`: its timeout of 25h is out of range (in {}/vm-test.toml, line 2)",
            hint: "timeout must be between 1ms and 24h",
        },
        Mistake {
            file: "vm-test.toml",
            content: b"[guest.g]\ndevices = [\"-monitor stdio\"]\n",
            command: RUN,
            message: "cannot use guest `g`: there is no device \"-monitor stdio\" to give (in {}/vm-test.toml, line 2)",
            hint: "the devices are \"/dev/net/tun\", \"/dev/fuse\", \"loop\"",
        },
        Mistake {
            file: "vm-test.toml",
            content: b"[guest.g]\nimage = \"../x\"\n",
            command: RUN,
            message: "cannot use \"../x\" as the name of an image",
            hint: "a name has at most 128 letters, digits and any of `._-+`, and begins with a letter or a digit",
        },
    ]);
}

#[test]
fn a_directory_in_the_place_of_the_configuration_is_refused_by_name() {
    let place = Place::new();
    place.write("vm-test.toml/inside", "");
    place.refuse(
        &mut place.vm_test(RUN),
        "cannot read {}/vm-test.toml: it is a directory",
        "vm-test reads the file of that name: rename this one",
    );
}

#[test]
fn what_is_wrong_with_one_guest_is_nothing_to_the_others() {
    let place = Place::new();
    place.write(
        "vm-test.toml",
        "[guest.g]\n[guest.broken]\nmemroy = \"1G\"\n",
    );
    let finished = vm_test_tests::process::Running::start(&mut place.vm_test(RUN)).finish();
    assert_eq!(finished.code(), Some(0), "{}", finished.err);
    assert_eq!(finished.err, "");
}

#[test]
fn a_cycle_of_bases_is_printed() {
    let place = Place::new();
    place.write("images/a.toml", "base = \"b\"\n");
    place.write("images/b.toml", "base = \"c\"\n");
    place.write("images/c.toml", "base = \"a\"\n");
    place.refuse(
        &mut place.vm_test(BUILD),
        "cannot build image `a`: its bases form a cycle: `a` → `b` → `c` → `a`",
        "give one of them a base that is not an image, such as debian:bookworm",
    );
    place.assert_empty();
}

#[test]
fn a_file_of_a_hundred_megabytes_is_refused_unread() {
    for (name, command, hint) in [
        (
            "images/a.toml",
            BUILD,
            "is it a recipe? Larger content belongs into files that it names",
        ),
        ("vm-test.toml", RUN, "it only declares guests and labs"),
    ] {
        let place = Place::new();
        let path = place.write(name, "");
        fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_len(100_000_000)
            .unwrap();
        place.refuse(
            &mut place.vm_test(command),
            &format!(
                "cannot read {{}}/{name}: it has 100000000 bytes, and at most 1048576 are read"
            ),
            hint,
        );
        place.assert_empty();
    }
}
