//! A row of a table: a test on a guest, its result, and everything that a user reads about it.

use super::words::{ANY, fits, plain, take_trailer};
use std::fmt::Write;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Outcome;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending;

/// The expected result of a test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Its name in the module `guest`.
    pub(crate) name: &'static str,
    pub(crate) ending: Ending,
    /// The lines of its own standard output; [`ANY`] stands for anything.
    pub(crate) stdout: &'static [&'static str],
    /// The lines of its standard error, including those about the failure.
    pub(crate) stderr: &'static [&'static str],
}

/// Returns a row for a test that passes.
pub(crate) const fn passes(
    name: &'static str,
    stdout: &'static [&'static str],
    stderr: &'static [&'static str],
) -> Row {
    Row {
        name,
        ending: Ending::Passed,
        stdout,
        stderr,
    }
}

/// Returns a row for a test that fails.
pub(crate) const fn fails(
    name: &'static str,
    stdout: &'static [&'static str],
    stderr: &'static [&'static str],
) -> Row {
    Row {
        name,
        ending: Ending::Failed,
        stdout,
        stderr,
    }
}

/// Compares a run with a table, and reports all differences at once.
///
/// `trailed` tells whether the line with guest, instance and re-run command is expected for a row.
///
/// # Panics
/// If anything differs.
pub(crate) fn compare(
    place: Place,
    table: &[Row],
    outcome: &Outcome,
    runner: Runner,
    trailed: impl Fn(&Row) -> bool,
) {
    let checked = table
        .iter()
        .map(|row| compare_one(place, row, outcome, runner, trailed(row)));
    let known = |name: &str| table.iter().any(|row| row.name == name);
    report_all(checked.chain([strangers(outcome, known)]));
}

/// Reports all errors at once.
///
/// # Panics
/// If there are any.
pub(crate) fn report_all(results: impl Iterator<Item = Result<(), String>>) {
    let wrong: Vec<_> = results.filter_map(Result::err).collect();
    assert!(
        wrong.is_empty(),
        "{} differ:\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

/// Returns an error with the tests that ran but are in no table.
pub(crate) fn strangers(outcome: &Outcome, known: impl Fn(&str) -> bool) -> Result<(), String> {
    let mut words = String::new();
    for test in outcome.tests.keys() {
        let (_, name) = test.split_once("::").unwrap_or_default();
        if !known(name) {
            let _ = writeln!(words, "{test} has no row");
        }
    }
    if words.is_empty() { Ok(()) } else { Err(words) }
}

/// Returns an error with this text, unless the condition holds.
pub(crate) fn ensure(is_so: bool, words: impl FnOnce() -> String) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(words()) }
}

fn compare_one(
    place: Place,
    row: &Row,
    outcome: &Outcome,
    runner: Runner,
    trailed: bool,
) -> Result<(), String> {
    let test = format!("guest::{}", row.name);
    let told = outcome
        .tests
        .get(&test)
        .ok_or_else(|| format!("{test} did not run"))?;
    ensure(told.ending == row.ending, || {
        format!("{test} has not {:?}: {told:#?}", row.ending)
    })?;
    ensure(told.times == 1, || {
        format!("{test} was reported more than once")
    })?;
    ensure(!told.word.contains("LEAK"), || {
        format!("{test} leaves its output held open")
    })?;
    ensure(told.took.is_none_or(|took| took < place.slack()), || {
        format!("{test} took {:?}", told.took)
    })?;
    let (mut stdout, mut stderr) = (plain(&told.stdout), plain(&told.stderr));
    if trailed {
        // libtest shows both streams as one.
        let reported = match runner {
            Runner::CargoTest => &mut stdout,
            Runner::Nextest => &mut stderr,
        };
        take_trailer(place, reported, runner, &test)?;
    }
    let mut expected = row.stdout.to_vec();
    match runner {
        Runner::CargoTest => {
            expected.extend(row.stderr);
            if row.ending == Ending::Failed && row.name.starts_with("should_panic_and_") {
                expected.push("note: test did not panic as expected at tests/…");
            }
        }
        Runner::Nextest => {
            expected.insert(0, "running 1 test");
            expected.push(ANY);
            ensure(fits(place, row.stderr, &stderr), || {
                differs(&test, row.stderr, &stderr)
            })?;
        }
    }
    ensure(fits(place, &expected, &stdout), || {
        differs(&test, &expected, &stdout)
    })
}

/// Returns the text for lines that differ from the expected ones.
pub(crate) fn differs(test: &str, expected: &[&str], lines: &[String]) -> String {
    let shown: String = lines.join("\n").chars().take(2_000).collect();
    format!(
        "of {test} a user reads\n{shown}\nand not\n{}",
        expected.join("\n")
    )
}
