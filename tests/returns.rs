//! What comes back from guests besides verdicts: artifacts below the target directory, exports into the workspace, and
//! nothing anywhere else, whatever the names are.

#[path = "returns/place.rs"]
mod place;

use place::Place;
use std::fs;
use std::path::Path;

#[track_caller]
fn assert_says(text: &str, all: &[&str]) {
    for words in all {
        assert!(text.contains(words), "{words}:\n{text}");
    }
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn artifacts_come_back_under_the_tests_name_and_those_of_an_earlier_run_go() {
    let place = Place::new();
    let test = "some::artifacts_come_back";
    let directory = place.artifacts("files", "some.artifacts_come_back");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("stale"), "").unwrap();
    let (success, text) = place.run("files", &[test, "a_failing_test_leaves_artifacts_too"]);
    assert!(success, "{text}");
    assert_eq!(names_in(&directory), ["deep", "empty", "trace.txt"]);
    assert_eq!(fs::read(directory.join("trace.txt")).unwrap(), b"words\n");
    assert_eq!(
        fs::read(directory.join("deep/er/large")).unwrap(),
        vec![7; 3 << 20]
    );
    assert_says(
        &text,
        &[&format!("artifacts of `{test}`: {}", directory.display())],
    );
    let other = place.artifacts("files", "a_failing_test_leaves_artifacts_too");
    assert_eq!(fs::read(other.join("why")).unwrap(), b"because\n");
}

#[test]
fn names_that_could_steer_a_terminal_are_made_harmless() {
    let place = Place::new();
    let (success, text) = place.run("files", &["names_are_made_harmless"]);
    assert!(success, "{text}");
    let names = names_in(&place.artifacts("files", "names_are_made_harmless"));
    assert_eq!(names, [" ", "_[2J", "bell_", "latin-_", "new_line"]);
}

#[test]
fn links_are_not_followed_in_the_guest() {
    let place = Place::new();
    let (success, text) = place.run("files", &["links_stay", "a_directory_that_becomes_a_link"]);
    assert!(success, "{text}");
    assert_says(
        &text,
        &[
            "artifact `file` was not brought back: it is a symbolic link",
            "artifact `directory` was not brought back: it is a symbolic link",
            "artifact `dangling` was not brought back: it is a symbolic link",
            "artifact `socket` was not brought back: it is not a regular file",
        ],
    );
    for test in ["links_stay", "a_directory_that_becomes_a_link"] {
        assert_eq!(names_in(&place.artifacts("files", test)), [""; 0], "{text}");
    }
}

#[test]
fn of_ten_thousand_files_a_thousand_come_back() {
    let place = Place::new();
    let (success, text) = place.run("files", &["ten_thousand_files"]);
    assert!(success, "{text}");
    assert_says(
        &text,
        &[
            "was not brought back: at most 1000 artifacts are brought back",
            "8980 more files stay in the guest",
        ],
    );
    let names = names_in(&place.artifacts("files", "ten_thousand_files"));
    assert_eq!(names.len(), 1000);
}

#[test]
fn ten_gibibytes_that_take_no_room_stay_and_what_is_small_comes() {
    let place = Place::new();
    let (success, text) = place.run("files", &["ten_gibibytes_of_nothing"]);
    assert!(success, "{text}");
    assert_says(
        &text,
        &[
            "artifact `sparse` was not brought back: it has 10737418240 bytes, and at most 256 MiB of artifacts are brought back",
        ],
    );
    let names = names_in(&place.artifacts("files", "ten_gibibytes_of_nothing"));
    assert_eq!(names, ["small"]);
}

#[test]
fn exports_come_into_the_workspace_and_all_else_is_rolled_back() {
    let place = Place::new();
    let mut expected = place.files();
    let tests = ["new_snapshots_are_exported", "a_site_says_what_is_exported"];
    let (success, text) = place.run("files", &tests);
    assert!(success, "{text}");
    expected.extend([
        "workspace/snapshots/kept.snap.new: new\n".to_owned(),
        "workspace/snapshots/more/other.snap.new: other\n".to_owned(),
        "workspace/snapshots/more: ".to_owned(),
        "workspace/snapshots/site.txt: by the site\n".to_owned(),
    ]);
    expected.sort();
    assert_eq!(place.files(), expected, "{text}");
    assert_says(
        &text,
        &["export `snapshots/link.snap.new` was not brought back: it is a symbolic link"],
    );
}

#[test]
fn a_link_of_the_host_is_not_followed_whatever_it_is_in_the_guest() {
    let place = Place::new();
    let elsewhere = place.directory.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, place.workspace().join("snapshots/way")).unwrap();
    let before = place.files();
    let (success, text) = place.run("files", &["a_link_of_the_host_is_not_followed"]);
    assert!(success, "{text}");
    assert_eq!(place.files(), before, "{text}");
    assert_says(
        &text,
        &[
            "export `snapshots/way/out` was not brought back: ",
            "is a symbolic link on the host",
        ],
    );
}

#[test]
fn names_that_lead_elsewhere_are_refused_whoever_sends_them() {
    let place = Place::new();
    let before = place.files();
    let tests = [
        "names_that_lead_elsewhere",
        "files_that_nobody_wants",
        "a_file_that_is_not_what_was_sent",
    ];
    let (success, text) = place.run("forged", &tests);
    assert!(success, "{text}");
    assert_eq!(place.files(), before, "{text}");
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
            "export `a.new` was not brought back: nobody has asked for it",
            "artifact `wrong` was not brought back: its bytes are not those that were sent",
            "artifact `short` was not brought back: 1 of 2 bytes came",
            "artifact `given up` was not brought back: \u{fffd}[2Jred",
        ],
    );
    for test in tests {
        assert_eq!(
            names_in(&place.artifacts("forged", test)),
            [""; 0],
            "{text}"
        );
    }
}

#[test]
fn floods_of_files_are_breaches_of_the_protocol() {
    let place = Place::new();
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
        let (success, text) = place.run("forged", &[test]);
        assert!(!success, "{text}");
        assert_says(&text, &[&format!("the guest broke the protocol: {breach}")]);
    }
}
