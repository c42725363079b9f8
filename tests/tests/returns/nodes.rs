//! Artifacts of several nodes of a lab: each below the name of its node, within the limits of one
//! test.

use super::workspace::{Workspace, assert_says, names_in};
use std::fs;
use std::path::Path;
use vm_test_tests::place::Place;

/// Asserts that a node has left its files below its name.
#[track_caller]
fn assert_left(artifacts: &Path, node: &str, text: &str) {
    let directory = artifacts.join(node);
    let expected = [
        "deep".to_owned(),
        format!("on-{node}-0"),
        format!("on-{node}-1"),
    ];
    assert_eq!(names_in(&directory), expected, "{text}");
    let name = fs::read_to_string(directory.join("deep/name")).unwrap();
    assert_eq!(name.trim(), node, "{text}");
}

#[test]
fn artifacts_of_nodes_come_back_below_their_names_however_the_test_ends() {
    let workspace = Workspace::new(Place::Container);
    let test = "containers_leave_files";
    let directory = workspace.artifacts("nodes", test);
    fs::create_dir_all(directory.join("a/stale")).unwrap();
    let (success, text) = workspace.run("nodes", &[test, "a_failing_test_leaves_files_too"]);
    assert!(success, "{text}");
    assert_eq!(
        names_in(&directory),
        ["a", "b", "by-a-call-0", "by-the-body"],
        "{text}"
    );
    assert_left(&directory, "a", &text);
    assert_left(&directory, "b", &text);
    let words = format!("vm-test: artifacts of `{test}`: {}\n", directory.display());
    assert_eq!(text.matches(&words).count(), 1, "{text}");
    assert!(!text.contains("brought back"), "{text}");
    let other = workspace.artifacts("nodes", "a_failing_test_leaves_files_too");
    assert_eq!(fs::read(other.join("b/why-0")).unwrap(), b"why");
}

#[test]
fn artifacts_of_a_vm_come_back_below_its_name() {
    let workspace = Workspace::new(Place::Vm);
    let test = "a_vm_leaves_files";
    let directory = workspace.artifacts("nodes", test);
    let (success, text) = workspace.run("nodes", &[test]);
    assert!(success, "{text}");
    assert_eq!(
        names_in(&directory),
        ["b", "by-a-call-0", "by-the-body"],
        "{text}"
    );
    assert_left(&directory, "b", &text);
}

#[test]
fn the_limits_of_all_nodes_are_those_of_one_test_and_what_stays_is_named() {
    let workspace = Workspace::new(Place::Container);
    let tests = [
        "a_name_that_is_also_a_nodes",
        "a_node_that_is_killed_takes_its_files_along",
        "more_files_than_a_test_may_leave",
    ];
    let (success, text) = workspace.run("nodes", &tests);
    assert!(success, "{text}");
    let directory = workspace.artifacts("nodes", "more_files_than_a_test_may_leave");
    let counts = ["a", "b"].map(|node| names_in(&directory.join(node)).len());
    assert_eq!(counts[0] + counts[1], 1000, "{text}");
    let named = text.matches("at most 1000 artifacts of a test").count();
    let unnamed = text.lines().filter_map(|line| {
        let (_, more) = line.split_once("`more_files_than_a_test_may_leave`: ")?;
        more.strip_suffix(" more files were not brought back")?
            .parse::<usize>()
            .ok()
    });
    assert_eq!(named + unnamed.sum::<usize>(), 200, "{text}");
    let directory = workspace.artifacts("nodes", "a_name_that_is_also_a_nodes");
    assert_eq!(fs::read(directory.join("a/x-0")).unwrap(), b"of the body");
    let directory = workspace.artifacts("nodes", tests[1]);
    assert_eq!(names_in(&directory.join("b")), ["later-0"], "{text}");
    assert_says(
        &text,
        &[
            "was not brought back: at most 1000 artifacts of a test are brought back",
            "artifact `x-0` of node `a` was not brought back: another artifact has become a/x-0",
            "`a_node_that_is_killed_takes_its_files_along`: artifacts from before node `b` was ended were not brought back",
        ],
    );
}
