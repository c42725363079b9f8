//! The recorded time of a body agrees with a clock inside the guest, whichever runner runs it.

use crate::{BACKENDS, LIMIT, fixture, lines, micros, run_of_nextest};
use std::collections::BTreeMap;
use vm_test_tests::campaign;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;

/// How many tests the fixture has for each backend.
const TESTS: usize = 20;

/// How much the two may differ: the larger of an absolute time, in microseconds, and a fraction.
const APART: u64 = 5_000;
const PART: u64 = 20;

/// On a busy host, a process may be preempted between the two clocks, which is a real difference. A
/// difference that vm-test causes appears every time.
const ROUNDS: usize = 8;

/// Runs the group and compares what its bodies report with what was recorded.
fn check(group: &Group<'_>, runner: Runner) -> BTreeMap<String, String> {
    let (fixture, host) = fixture();
    let before = runs(&fixture);
    let outcome = group.run(&fixture, &host, runner);
    let text = outcome.text();
    assert_eq!(outcome.finished.code, Some(0), "{text}");
    let times = outcome.tests.iter().map(|(name, told)| {
        let (_, rest) = told.stdout.split_once("inside_us=").expect("its own time");
        let time = rest
            .lines()
            .next()
            .and_then(|word| word.trim().parse().ok());
        (name.clone(), time.expect("a number"))
    });
    let run = match runner {
        Runner::Nextest => run_of_nextest(&text),
        // Of the new runs, the one with these tests: other suites may use the fixture at the same
        // time.
        Runner::CargoTest => {
            let new = runs(&fixture)
                .into_iter()
                .filter(|run| run.starts_with("cargo-") && !before.contains(run));
            let mut ours = new.filter(|run| {
                // Other runs have some of these tests.
                lines(&host, &fixture, run).len() == TESTS * BACKENDS.len()
            });
            ours.next().expect("the run was written down")
        }
    };
    let times = times.collect();
    let measured: Vec<_> = lines(&host, &fixture, &run);
    assert_eq!(measured.len(), TESTS * BACKENDS.len(), "{measured:#?}");
    compare(&measured, &times)
}

fn runs(fixture: &vm_test_tests::fixture::Fixture) -> Vec<String> {
    let entries = std::fs::read_dir(fixture.target().join("vm-test/runs"));
    let names = entries.into_iter().flatten().flatten();
    names
        .filter_map(|entry| {
            Some(
                entry
                    .file_name()
                    .to_str()?
                    .strip_suffix(".jsonl")?
                    .to_owned(),
            )
        })
        .collect()
}

/// Returns the tests for which the two differ, with both values.
fn compare(
    lines: &[serde_json::Value],
    inside: &BTreeMap<String, u64>,
) -> BTreeMap<String, String> {
    let mut wrong = BTreeMap::new();
    for line in lines {
        assert_eq!(line["outcome"], "passed");
        let test = line["test"].as_str().expect("a name");
        let (told, measured) = (inside[test], micros(line, "body_us"));
        let words = format!("{test}: {told} us inside, {measured} us written down");
        println!("{words}");
        if told.abs_diff(measured) > APART.max(told / PART) {
            wrong.insert(test.to_owned(), words);
        }
    }
    wrong
}

#[test]
fn twenty_bodies_agree_with_a_clock_inside_the_guest() {
    let runners = [Runner::Nextest, Runner::CargoTest];
    for &runner in &runners[..campaign::length(2, 1) as usize] {
        let group = Group {
            targets: &["clocks"],
            filters: &[],
            // One at a time: tests must not compete for the processor between the clocks.
            environment: &[("VM_TEST_CPU_BUDGET", "1")],
            limit: LIMIT,
        };
        let mut wrong = check(&group, runner);
        for _ in 1..ROUNDS {
            if wrong.is_empty() {
                break;
            }
            let again = check(&group, runner);
            wrong.retain(|test, _| again.contains_key(test));
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
