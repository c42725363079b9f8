//! Bad archives and directories: one row each.

use super::archive::Archive;
use super::place::{Place, Row, compressed, refuse_imports};
use std::fs;

const OUTSIDE: &str = "pack the root file system itself, so that every name is relative and stays inside: tar -C ROOTFS -c .";
const FRESH: &str =
    "guests get their own /dev, /proc, /run, /sys and /tmp there: make it an empty directory";
const DAMAGED: &str = "the file is cut off or damaged; download or make it again";
const FOREIGN: &str =
    "get the image for this architecture, or build it on a host of its own architecture";

fn tar(place: &Place, archive: Archive) -> String {
    place.write("r.tar", archive.finish())
}

fn honest() -> Archive {
    Archive::default()
        .directory("./etc")
        .file("./etc/motd", &[b'x'; 5000])
}

/// Returns the beginning of a program for another architecture than any that this runs on.
fn foreign_program() -> Vec<u8> {
    let mut head = b"\x7fELF\x02\x01\x01".to_vec();
    head.resize(18, 0);
    head.extend([243, 0]);
    head.resize(64, 0);
    head
}

#[test]
fn entries_that_reach_outside_of_the_image_are_refused_by_name() {
    refuse_imports(&[
        Row {
            source: |place| tar(place, honest().file("../x", b"")),
            message: "cannot import {}/r.tar: unsafe entry `../x`: its name leads upwards with `..`",
            hint: OUTSIDE,
        },
        Row {
            source: |place| tar(place, honest().extended("path", "../../x").file("./x", b"")),
            message: "cannot import {}/r.tar: unsafe entry `../../x`: its name leads upwards with `..`",
            hint: OUTSIDE,
        },
        Row {
            source: |place| {
                tar(
                    place,
                    honest()
                        .entry("long", b'L', "", 0, b"/../cron.d/x\0")
                        .file("./x", b""),
                )
            },
            message: "cannot import {}/r.tar: unsafe entry `/../cron.d/x`: its name leads upwards with `..`",
            hint: OUTSIDE,
        },
        Row {
            source: |place| {
                tar(
                    place,
                    honest()
                        .extended("GNU.sparse.name", "../x")
                        .file("./x", b""),
                )
            },
            message: "cannot import {}/r.tar: unsafe entry `../x`: its name leads upwards with `..`",
            hint: OUTSIDE,
        },
        Row {
            source: |place| {
                tar(
                    place,
                    honest().extended("SUN.holesdata", " 0 3").file("./x", b""),
                )
            },
            message: "cannot import {}/r.tar: unsafe entry `./x`: it is a sparse file in an unsupported form",
            hint: "pack it with GNU tar, or without looking for holes: tar without -S",
        },
        Row {
            source: |place| tar(place, honest().device("./sda")),
            message: "cannot import {}/r.tar: unsafe entry `./sda`: it is a device outside of /dev",
            hint: "leave it out, as in tar --exclude=./NAME: guests have devices in a /dev of their own",
        },
        Row {
            source: |place| tar(place, honest().symlink("./etc/up", "../../x")),
            message: "cannot import {}/r.tar: unsafe entry `./etc/up`: it is a symbolic link that points outside",
            hint: OUTSIDE,
        },
        Row {
            source: |place| {
                tar(
                    place,
                    honest().symlink("./out", "/etc").file("./out/passwd", b""),
                )
            },
            message: "cannot import {}/r.tar: unsafe entry `./out/passwd`: it lies below a symbolic link of the archive's",
            hint: OUTSIDE,
        },
        Row {
            source: |place| tar(place, honest().link("./shadow", "/etc/shadow")),
            message: "cannot import {}/r.tar: unsafe entry `./shadow`: it is a hard link to a file that does not precede it in the archive",
            hint: OUTSIDE,
        },
        Row {
            source: |place| tar(place, honest().link("./shadow", "../etc/shadow")),
            message: "cannot import {}/r.tar: unsafe entry `./shadow`: it is a hard link that points outside",
            hint: OUTSIDE,
        },
        Row {
            source: |place| tar(place, honest().link("./a", "./b")),
            message: "cannot import {}/r.tar: unsafe entry `./a`: it is a hard link to a file that does not precede it in the archive",
            hint: OUTSIDE,
        },
        Row {
            source: |place| {
                tar(
                    place,
                    honest()
                        .extended("SCHILY.xattr.user.overlay.redirect", "/etc")
                        .directory("./a"),
                )
            },
            message: "cannot import {}/r.tar: unsafe entry `./a`: it has an attribute reserved for overlayfs",
            hint: "pack what the overlay shows, and not one of the directories that it is made of",
        },
        Row {
            source: |place| tar(place, honest().entry("./x", b'!', "", 0o644, b"")),
            message: "cannot import {}/r.tar: unsafe entry `./x`: it is of an unknown kind",
            hint: "pack it with GNU tar, bsdtar or another that writes the POSIX form",
        },
        Row {
            source: |place| tar(place, honest().file("../\u{1b}[31m", b"")),
            message: "cannot import {}/r.tar: unsafe entry `../\\u{1b}[31m`: its name leads upwards with `..`",
            hint: OUTSIDE,
        },
    ]);
}

#[test]
fn a_root_that_is_not_one_of_a_guest_is_refused() {
    refuse_imports(&[
        Row {
            source: |place| tar(place, honest().symlink("./dev", "/")),
            message: "cannot import {}/r.tar: its /dev is not a directory",
            hint: FRESH,
        },
        Row {
            source: |place| tar(place, honest().symlink("proc", "etc")),
            message: "cannot import {}/r.tar: its /proc is not a directory",
            hint: FRESH,
        },
        Row {
            source: |place| tar(place, honest().owned("./x", 100_000)),
            message: "cannot import {}/r.tar: entry `./x` belongs to user 100000 and group 100000, and a guest has ids below 65536",
            hint: "pack it with the user ids inside the image: as root there, with tar --numeric-owner",
        },
        Row {
            source: |place| tar(place, honest().file("./bin/sh", &foreign_program())),
            message: "cannot import {}/r.tar: its /bin/sh is a program for riscv, and this host is HERE",
            hint: FOREIGN,
        },
        Row {
            source: |place| {
                tar(
                    place,
                    honest().file("./lib/ld-linux-riscv64-lp64d.so.1", &foreign_program()),
                )
            },
            message: "cannot import {}/r.tar: its /lib/ld-linux-riscv64-lp64d.so.1 is a program for riscv, and this host is HERE",
            hint: FOREIGN,
        },
        Row {
            source: |place| tar(place, Archive::default()),
            message: "cannot import {}/r.tar: it holds no entries",
            hint: "pack the root file system itself: tar -C ROOTFS -c .",
        },
        Row {
            source: |place| {
                fs::create_dir_all(place.path("d/etc")).unwrap();
                std::os::unix::fs::symlink("/", place.path("d/dev")).unwrap();
                "d".to_owned()
            },
            message: "cannot import {}/d: its /dev is not a directory",
            hint: FRESH,
        },
        Row {
            source: |_| "dir:.".to_owned(),
            message: "cannot import {}/.: the store is in it",
            hint: "name the directory that holds the root file system and nothing else",
        },
    ]);
}

#[test]
fn what_is_cut_off_damaged_or_no_archive_is_refused() {
    refuse_imports(&[
        Row {
            source: |place| place.write("r.tar", honest().open_ended()),
            message: "cannot import {}/r.tar: it ends after entry `./etc/motd` without an end-of-archive marker",
            hint: "the file is truncated; download or make it again",
        },
        Row {
            source: |place| place.write("r.tar", &honest().finish()[..3000]),
            message: "cannot import {}/r.tar: it is not a tar archive, or damaged: it ends within entry `./etc/motd`",
            hint: "archives are read plain or compressed by gzip, xz or zstd; download or make it again",
        },
        Row {
            source: |place| place.write("r.tar", [b'x'; 4096]),
            message: "cannot import {}/r.tar: it is not a tar archive, or damaged: no entry begins where it begins",
            hint: "archives are read plain or compressed by gzip, xz or zstd; download or make it again",
        },
        Row {
            source: |place| place.write("r.tar", b""),
            message: "cannot import {}/r.tar: it is not a tar archive: it is empty",
            hint: "the file is truncated; download or make it again",
        },
        Row {
            source: |place| {
                let whole = compressed("gzip", &honest().finish());
                place.write("r.tar.gz", &whole[..whole.len() - 6])
            },
            message: "cannot import {}/r.tar.gz: gzip: stdin: unexpected end of file",
            hint: DAMAGED,
        },
        Row {
            source: |place| {
                let whole = compressed("zstd", &honest().finish());
                place.write("r.tar.zst", &whole[..whole.len() / 2])
            },
            message: "cannot import {}/r.tar.zst: zstd: /*stdin*\\ : Read error (39) : premature end",
            hint: DAMAGED,
        },
        Row {
            source: |place| {
                let whole = compressed("xz", &honest().finish());
                place.write("r.tar.xz", &whole[..whole.len() / 2])
            },
            message: "cannot import {}/r.tar.xz: xz: (stdin): Unexpected end of input",
            hint: DAMAGED,
        },
        Row {
            source: |place| place.write("r.tar", b"BZh91AY&SY"),
            message: "cannot import {}/r.tar: it is not a tar archive: it begins like a file compressed by bzip2",
            hint: "decompress it first: bzip2 -d",
        },
    ]);
}

#[test]
fn a_source_that_is_not_there_or_does_not_say_what_it_is_is_refused() {
    const NAMED: &str = "say what it is: tar:PATH, dir:PATH, oci:PATH, oci://REGISTRY/NAME:TAG, qcow2:PATH, raw:PATH or box:PATH";
    refuse_imports(&[
        Row {
            source: |_| "r.tar".to_owned(),
            message: "cannot import {}/r.tar: No such file or directory (os error 2)",
            hint: "is the path right? A relative one starts here, or at the recipe",
        },
        Row {
            source: |_| "nothing".to_owned(),
            message: "cannot import nothing: there is no such file or directory",
            hint: NAMED,
        },
        Row {
            source: |place| {
                place.write("x.iso", b"");
                "x.iso".to_owned()
            },
            message: "cannot import x.iso: its name does not say what it is, and content is not guessed from",
            hint: NAMED,
        },
        Row {
            source: |place| {
                std::process::Command::new("mkfifo")
                    .arg(place.path("r.tar"))
                    .status()
                    .unwrap();
                "r.tar".to_owned()
            },
            message: "cannot import {}/r.tar: it is not a regular file",
            hint: "a directory is dir:PATH, an OCI layout oci:PATH",
        },
        Row {
            source: |_| "json:{\"driver\":\"raw\"}".to_owned(),
            message: "cannot import json:{\"driver\":\"raw\"}: unknown kind of source \"json\"",
            hint: "a source is tar:PATH, dir:PATH, oci:PATH, oci://REGISTRY/NAME:TAG, qcow2:PATH, raw:PATH or box:PATH; write a file whose own name has a colon as ./NAME",
        },
    ]);
    let place = Place::new();
    let source = tar(&place, honest());
    place.refuse(
        &mut place.vm_test(&["image", "import", "../x", &source]),
        "cannot use \"../x\" as the name of an image",
        "a name has at most 128 letters, digits and any of `._-+`, and begins with a letter or a digit",
    );
    place.assert_empty();
}
