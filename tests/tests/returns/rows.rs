//! What comes back from every kind of guest: artifacts and exports, and which files must stay where
//! they are.

use super::workspace::{Workspace, assert_says, names_in};
use std::fs;
use vm_test_tests::place::Place;

pub(crate) fn artifacts_come_back_under_the_tests_name_and_those_of_an_earlier_run_go(
    place: Place,
) {
    let workspace = Workspace::new(place);
    let test = "some::artifacts_come_back";
    let directory = workspace.artifacts("files", "some.artifacts_come_back");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("stale"), "").unwrap();
    let (success, text) = workspace.run("files", &[test, "a_failing_test_leaves_artifacts_too"]);
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
    let other = workspace.artifacts("files", "a_failing_test_leaves_artifacts_too");
    assert_eq!(fs::read(other.join("why")).unwrap(), b"because\n");
}

pub(crate) fn names_that_could_steer_a_terminal_are_made_harmless(place: Place) {
    let workspace = Workspace::new(place);
    let (success, text) = workspace.run("files", &["names_are_made_harmless"]);
    assert!(success, "{text}");
    let names = names_in(&workspace.artifacts("files", "names_are_made_harmless"));
    assert_eq!(names, [" ", "_[2J", "bell_", "latin-_", "new_line"]);
}

pub(crate) fn links_are_not_followed_in_the_guest(place: Place) {
    let workspace = Workspace::new(place);
    let (success, text) =
        workspace.run("files", &["links_stay", "a_directory_that_becomes_a_link"]);
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
        assert_eq!(
            names_in(&workspace.artifacts("files", test)),
            [""; 0],
            "{text}"
        );
    }
}

pub(crate) fn of_ten_thousand_files_a_thousand_come_back(place: Place) {
    let workspace = Workspace::new(place);
    let (success, text) = workspace.run("files", &["ten_thousand_files"]);
    assert!(success, "{text}");
    assert_says(
        &text,
        &[
            "was not brought back: at most 1000 artifacts are brought back",
            "8980 more files stay in the guest",
        ],
    );
    let names = names_in(&workspace.artifacts("files", "ten_thousand_files"));
    assert_eq!(names.len(), 1000);
}

pub(crate) fn ten_gibibytes_that_take_no_room_stay_and_what_is_small_comes(place: Place) {
    let workspace = Workspace::new(place);
    let (success, text) = workspace.run("files", &["ten_gibibytes_of_nothing"]);
    assert!(success, "{text}");
    assert_says(
        &text,
        &[
            "artifact `sparse` was not brought back: it has 10737418240 bytes, and at most 256 MiB of artifacts are brought back",
        ],
    );
    let names = names_in(&workspace.artifacts("files", "ten_gibibytes_of_nothing"));
    assert_eq!(names, ["small"]);
}

pub(crate) fn a_site_says_what_comes_into_the_workspace_and_all_else_is_rolled_back(place: Place) {
    let workspace = Workspace::new(place);
    let mut expected = workspace.files();
    let (success, text) = workspace.run("files", &["a_site_says_what_is_exported"]);
    assert!(success, "{text}");
    expected.push("workspace/snapshots/site.txt: by the site\n".to_owned());
    expected.sort();
    assert_eq!(workspace.files(), expected, "{text}");
}

pub(crate) fn a_link_of_the_host_is_not_followed_whatever_it_is_in_the_guest(place: Place) {
    let workspace = Workspace::new(place);
    let elsewhere = workspace.directory.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, workspace.workspace().join("snapshots/way")).unwrap();
    let before = workspace.files();
    let (success, text) = workspace.run("files", &["a_link_of_the_host_is_not_followed"]);
    assert!(success, "{text}");
    assert_eq!(workspace.files(), before, "{text}");
    assert_says(
        &text,
        &[
            "export `snapshots/way/out` was not brought back: ",
            "is a symbolic link on the host",
        ],
    );
}
