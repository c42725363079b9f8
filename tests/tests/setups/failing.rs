//! Set-ups that fail: each test fails with the same words, and they are run once.

use crate::bench::Bench;
use vm_test_tests::process::Finished;

const HINT: &str = "hint: it ran once, for all tests that name it, and runs again in the next run; it ran in a container of the guest's image, on the host's kernel and without the image's init, whatever the guest is\n";

/// Checks that a set-up's three tests have failed, each with these words, and that it has run once.
#[track_caller]
fn assert_fails(finished: &Finished, set_up: &str, words: &str) {
    let expected = format!(
        "error: cannot set up guest `small` with `failing::{set_up}`: {words}\n{HINT}vm-test: `{set_up}::"
    );
    assert_eq!(finished.code(), Some(101), "{finished:?}");
    assert!(finished.out.contains("0 passed; 3 failed"), "{finished:?}");
    assert_eq!(
        finished.err.matches(&expected).count(),
        3,
        "{expected}{}",
        finished.err
    );
    let runs = finished.err.matches("` runs the set-up ").count();
    assert_eq!(runs, 1, "{}", finished.err);
}

#[test]
fn a_set_up_that_panics_fails_each_of_its_tests_with_its_words_once_in_each_run() {
    let bench = Bench::new();
    let binary = bench.binary("failing");
    for run in ["1", "2"] {
        let finished = bench.run(&binary, "panics::", run);
        let place = finished.err.split("it panicked at ").nth(1).unwrap();
        let place = place.split(": ").next().unwrap();
        assert!(place.starts_with("tests/failing.rs:"), "{place}");
        let words = format!(
            "it panicked at {place}: cannot install it\nthe last lines that it wrote:\n  \
             | looking for the package\n  | no such package"
        );
        assert_fails(&finished, "panics", &words);
    }
    assert!(bench.results().is_empty());
    assert!(bench.unfinished().is_empty());
}

#[test]
fn one_that_returns_an_error_and_one_that_ends_its_process_fail_theirs() {
    let bench = Bench::new();
    let binary = bench.binary("failing");
    let quoted = |line: &str| format!("\nthe last lines that it wrote:\n  | {line}");
    let returned = "Error: \"there is no archive\"";
    for (set_up, words, line) in [
        ("returns", format!("it returned: {returned}"), returned),
        (
            "exits",
            "its process exited with code 3".to_owned(),
            "it ends here",
        ),
    ] {
        let finished = bench.run(&binary, &format!("{set_up}::"), "1");
        assert_fails(&finished, set_up, &(words + &quoted(line)));
    }
    assert!(bench.results().is_empty());
    assert!(bench.unfinished().is_empty());
}

#[test]
fn the_processes_of_nextest_fail_with_the_words_of_the_one_that_ran_it() {
    let bench = Bench::new();
    let args = ["nextest", "run", "--test", "failing", "--test-threads", "3"];
    let mut command = bench.cargo(&args);
    command.args(["-E", "test(/^panics::/)", "--no-fail-fast"]);
    let output = command.output().unwrap();
    let text = vm_test_tests::fixture::text_of(&output);
    assert!(!output.status.success(), "{text}");
    let words =
        "cannot set up guest `small` with `failing::panics`: it panicked at tests/failing.rs:";
    for test in ["one", "two", "three"] {
        assert!(text.contains(&format!("panics::{test}")), "{text}");
    }
    // Once in each test's output; what libtest says of it may repeat it.
    assert!(text.matches(words).count() >= 3, "{text}");
    assert_eq!(text.matches("` runs the set-up ").count(), 1, "{text}");
}
