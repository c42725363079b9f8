//! Lines that run on other nodes of a lab, however the test ends: in containers and on a VM.

use super::report::{Measurement, Tool};
use std::path::Path;
use vm_test_tests::host::Host;

/// The lines.
const SOURCE: &str = "src/nodes.rs";

/// The functions, in the order of the counts below.
const FUNCTIONS: [&str; 4] = ["on_own", "on_others", "without_end", "on_a_lost_node"];

/// The options of cargo that select the tests.
const NODES: [&str; 4] = ["--features", "guest", "--test", "nodes"];

#[test]
fn lines_count_on_whichever_node_of_a_lab_they_run_and_a_node_that_was_ended_is_named() {
    let host = Host::new();
    let measurement = Measurement::new(&host, Tool::Test, &NODES, &["--skip", "on_a_vm_too"]);
    let (report, text) = measurement.run();
    let counts = FUNCTIONS.map(|it| report.count_in(SOURCE, it));
    assert_eq!(
        counts,
        [1, 1 + 2 + 4 + 8 + 16 + 32, 1 + 2 + 4 + 8, 0],
        "{text}"
    );
    // The program that a command has run.
    assert_eq!(report.count_in("src/lib.rs", "in_child"), 8, "{text}");
    let lost = "vm-test: `a_node_that_is_killed`: coverage profiles and artifacts from before node `b` was ended were not brought back";
    assert!(text.contains(lost), "{text}");
    let complaints = text.matches("brought back").count();
    assert_eq!(complaints, 1, "{text}");
    for (test, passes) in [
        ("a_node_that_is_killed", true),
        ("a_panic - should panic", true),
        ("a_time_limit", false),
        ("on_containers", true),
    ] {
        assert!(Tool::Test.has_told(&text, test, passes), "{test}:\n{text}");
    }
}

#[test]
fn lines_count_on_a_vm_of_a_lab_as_often_as_on_its_containers() {
    let host = Host::new().with_shared_store();
    host.build_images(Path::new("."), &["debian-12"]);
    let passed_on = ["--exact", "on_a_vm_too"];
    let (report, text) = Measurement::new(&host, Tool::Test, &NODES, &passed_on).run();
    let counts = FUNCTIONS.map(|it| report.count_in(SOURCE, it));
    assert_eq!(counts, [1, 1 + 2 + 4, 1 + 2, 0], "{text}");
    assert_eq!(report.count_in("src/lib.rs", "in_child"), 8, "{text}");
}
