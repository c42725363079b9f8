//! The times of the nodes of a lab: each on its own, and the slowest as the test's own boot.

use crate::{LIMIT, fixture, lines, micros, report, run_of_nextest};
use serde_json::Value;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;

#[test]
fn each_node_of_a_lab_has_its_times_and_the_slowest_shows() {
    let (fixture, host) = fixture();
    let group = Group {
        targets: &["nodes"],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    let outcome = group.run(&fixture, &host, Runner::Nextest);
    let run = run_of_nextest(&outcome.text());
    let lines = lines(&host, &fixture, &run);
    let [line] = lines.as_slice() else {
        panic!("not one line: {lines:#?}");
    };
    assert_eq!(line["outcome"], "passed");
    let nodes = line["nodes"].as_array().expect("a list");
    let told: Vec<_> = nodes
        .iter()
        .map(|node| {
            (
                node["node"].as_str().unwrap(),
                node["startup"].as_str().unwrap(),
            )
        })
        .collect();
    let [
        ("box", "start"),
        ("vm", "boot" | "restore"),
        ("driver", "start"),
    ] = told[..]
    else {
        panic!("{line}");
    };
    for node in nodes {
        assert!(micros(node, "boot_us") > 1_000, "{line}");
        assert!(!node["description"].as_str().unwrap().is_empty(), "{line}");
    }
    let ready = |node: &&Value| micros(node, "prepare_us") + micros(node, "boot_us");
    let slowest = nodes.iter().max_by_key(ready).expect("a node");
    // Both parts are rounded.
    let difference = micros(line, "boot_us").abs_diff(ready(&slowest));
    assert!(difference <= 1, "{line}");
    let parts = ["wait_us", "boot_us", "start_us", "body_us"].map(|key| micros(line, key));
    assert!(
        parts.iter().sum::<u64>() <= micros(line, "total_us"),
        "{line}"
    );
    let table = report(&host, &fixture, &[&run]).out;
    let (_, nodes) = table
        .split_once("\nNODES OF LABS, THE SLOWEST FIRST\n")
        .expect("nodes");
    let rows: Vec<Vec<_>> = nodes
        .lines()
        .map(|row| row.split_whitespace().collect())
        .collect();
    assert_eq!(rows.len(), 4, "{table}");
    assert_eq!(rows[1][0], "keeping::a_lab_has_nodes", "{table}");
    assert_eq!(slowest["node"], rows[1][1], "{table}");
}
