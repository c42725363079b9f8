//! Messages that a false agent sends: names that lead elsewhere, files that nobody has asked for,
//! floods of them.

use super::workspace::{Workspace, assert_says, names_in};
use std::path::Path;
use vm_test_tests::place::Place;

#[test]
fn names_that_lead_elsewhere_are_refused_whoever_sends_them() {
    let workspace = Workspace::new(Place::Container);
    let before = workspace.files();
    let tests = [
        "names_that_lead_elsewhere",
        "files_that_nobody_wants",
        "a_file_that_is_not_what_was_sent",
    ];
    let (success, text) = workspace.run("forged", &tests);
    assert!(success, "{text}");
    assert_eq!(workspace.files(), before, "{text}");
    assert!(!Path::new("/tmp/escaped.new").exists());
    for kind in ["artifact", "export"] {
        for (name, reason) in [
            ("../escaped.new", "its name has `..` in it"),
            ("a/../../../escaped.new", "its name has `..` in it"),
            ("/tmp/escaped.new", "its name is an absolute path"),
            ("a//escaped.new", "its name has an empty part"),
            ("", "it has no name"),
            (".", "its name has `.` in it"),
        ] {
            assert_says(
                &text,
                &[&format!("{kind} `{name}` was not brought back: {reason}")],
            );
        }
    }
    assert_says(
        &text,
        &[
            "was not brought back: its name is longer than 255 bytes",
            "export `.git/hooks/escaped.new` was not brought back: nothing is ever written below `.git`",
            "export `src/lib.rs` was not brought back: no pattern of `export` fits its name",
            "was not brought back: its name has control characters",
            "was not brought back: its name is not UTF-8",
            "export `a.new` was not brought back: the test did not request it",
            "artifact `wrong` was not brought back: its checksum does not match",
            "artifact `short` was not brought back: only 1 of 2 bytes arrived",
            "artifact `given up` was not brought back: \u{fffd}[2Jred",
        ],
    );
    if std::env::var_os("LLVM_PROFILE_FILE").is_none() {
        let refused =
            "coverage profile `1-x.profraw` was not brought back: the test did not request it";
        assert_says(&text, &[refused]);
    }
    for test in tests {
        assert_eq!(
            names_in(&workspace.artifacts("forged", test)),
            [""; 0],
            "{text}"
        );
    }
}

#[test]
fn floods_of_files_are_breaches_of_the_protocol() {
    let workspace = Workspace::new(Place::Container);
    for (test, breach) in [
        (
            "ten_thousand_files_at_once",
            "more artifacts than 1000, or than 256 MiB of them",
        ),
        (
            "ten_gibibytes_at_once",
            "more artifacts than 1000, or than 256 MiB of them",
        ),
        (
            "more_bytes_than_announced",
            "a file with more bytes than it has",
        ),
    ] {
        let (success, text) = workspace.run("forged", &[test]);
        assert!(!success, "{text}");
        assert_says(&text, &[&format!("the guest broke the protocol: {breach}")]);
    }
}
