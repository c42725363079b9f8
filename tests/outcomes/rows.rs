//! A row of a table: a test on a guest, how it ends, and all that a user reads of it.

use super::words::{ANY, fits, plain, take_trailer};
use std::time::Duration;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Outcome;
use vm_test_tests::report::Ending;

/// How much longer than its time limit a test may take, which is to find hangs and not to measure.
pub(crate) const SLACK: Duration = Duration::from_secs(20);

/// What is expected of a test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Its name in the module `guest`.
    pub(crate) name: &'static str,
    pub(crate) ending: Ending,
    /// The lines of its own standard output; [`ANY`] stands for anything.
    pub(crate) stdout: &'static [&'static str],
    /// The lines of its standard error, those about the failure included.
    pub(crate) stderr: &'static [&'static str],
}

/// A row for a test that passes.
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

/// A row for a test that fails.
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

/// Compares a run with a table, and says all that differs at once. `trailed` tells whether the line with guest, instance
/// and re-run command is expected of a row.
pub(crate) fn compare(
    table: &[Row],
    outcome: &Outcome,
    runner: Runner,
    trailed: impl Fn(&Row) -> bool,
) {
    let mut wrong = Vec::new();
    for row in table {
        let check = || compare_one(row, outcome, runner, trailed(row));
        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)) {
            wrong.extend(panic.downcast_ref::<String>().cloned());
        }
    }
    let ran = outcome
        .tests
        .keys()
        .filter_map(|name| name.strip_prefix("guest::"));
    for name in ran.filter(|name| table.iter().all(|row| row.name != *name)) {
        wrong.push(format!("{name} has no row"));
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

fn compare_one(row: &Row, outcome: &Outcome, runner: Runner, trailed: bool) {
    let test = format!("guest::{}", row.name);
    let Some(told) = outcome.tests.get(&test) else {
        panic!("{test} did not run:\n{}", outcome.text());
    };
    assert_eq!(told.ending, row.ending, "{test}: {told:#?}");
    assert_eq!(told.times, 1, "{test} was reported more than once");
    assert!(
        !told.word.contains("LEAK"),
        "{test} leaves its output held open"
    );
    if let Some(took) = told.took {
        assert!(took < SLACK, "{test} took {took:?}");
    }
    let (mut stdout, mut stderr) = (plain(&told.stdout), plain(&told.stderr));
    // libtest shows both streams as one, and with its own note behind.
    let merged = if runner == Runner::CargoTest {
        &mut stdout
    } else {
        &mut stderr
    };
    if trailed {
        take_trailer(merged, runner, &test);
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
            assert!(
                fits(row.stderr, &stderr),
                "{test}: its standard error is not\n{:#?}\nbut\n{stderr:#?}",
                row.stderr
            );
        }
    }
    assert!(
        fits(&expected, &stdout),
        "{test}: its output is not\n{expected:#?}\nbut\n{stdout:#?}"
    );
}
