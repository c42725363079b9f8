//! Runs `cargo test` and counts the results in the closing lines of its test binaries, since stable
//! libtest writes no report. A run that fails without a failed test, or in which a test binary has
//! no closing line, counts as one failure, so that a crash can never look like a pass.

use std::io::{BufRead, BufReader, PipeReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command;
use crate::tally::Tally;

/// How long a runner's output may stay open after the runner has ended.
///
/// Only a process that it left behind can hold the output open, and such a process does so forever.
const OUTPUT_GRACE: Duration = Duration::from_secs(10);

/// Runs `command`, passes its output on line by line, and counts.
pub(crate) fn run(command: &mut Command) -> Result<Tally> {
    run_within(command, OUTPUT_GRACE)
}

fn run_within(command: &mut Command, grace: Duration) -> Result<Tally> {
    command::echo(command);
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    let second = writer.try_clone().context("cannot make a pipe")?;
    command.stdin(Stdio::null()).stdout(writer).stderr(second);
    // Colours would appear within the lines that are counted.
    command.env("CARGO_TERM_COLOR", "never");
    let mut child = command
        .spawn()
        .with_context(|| command::cannot_start(command))?;
    // The command holds our copies of the writing end; without this the output would never end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(relay(reader)));
    let status = child
        .wait()
        .with_context(|| command::cannot_start(command))?;
    let Ok(counted) = receiver.recv_timeout(grace) else {
        bail!(
            "cannot read the output of `{}` to its end: a process that it left behind still holds it after {grace:?}",
            command::line(command)
        );
    };
    let mut tally = counted?;
    if !status.success() && tally.failed == 0 {
        let line = command::line(command);
        let what = format!("`{line}` ended with {status} without a failed test");
        println!("{what}");
        tally += Tally::failure(what);
    }
    Ok(tally)
}

fn relay(reader: PipeReader) -> Result<Tally> {
    let mut count = Count::default();
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.context("cannot read the runner's output")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        count.read(&line);
    }
    Ok(count.finish())
}

/// Counts while a runner's output passes by.
///
/// Some tests run tests themselves, so the output of a failed one may contain closing lines that
/// are not the runner's.
#[derive(Default)]
struct Count {
    tally: Tally,
    /// How many tests the current binary has announced. Its closing line is the one that accounts
    /// for exactly this number.
    announced: Option<u64>,
    /// Whether that binary has begun to print the output of its failed tests, so that it cannot
    /// succeed any more.
    failing: bool,
}

impl Count {
    fn read(&mut self, line: &str) {
        if let Some(announced) = opening(line) {
            self.announced.get_or_insert(announced);
        } else if let Some(test) = failed_test(line)
            && self.announced.is_some()
            && !self.failing
        {
            self.tally.failures.push(test.to_owned());
        } else if line == "failures:" {
            self.failing = true;
        } else if let Some(closing) = closing_line(line)
            && self.announced == Some(closing.ran() + closing.ignored)
            && (closing.failed > 0 || !self.failing)
        {
            self.announced = None;
            self.failing = false;
            self.tally += closing;
        }
    }

    fn finish(mut self) -> Tally {
        if self.announced.is_some() {
            let what = "a test binary ended without its closing line";
            println!("{what}");
            self.tally += Tally::failure(what);
        }
        self.tally
    }
}

/// Parses `running 3 tests`.
fn opening(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("running ")?;
    rest.strip_suffix(" tests")
        .or_else(|| rest.strip_suffix(" test"))?
        .parse()
        .ok()
}

/// Parses `test one ... FAILED`.
fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

/// Parses `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in
/// 0.00s`.
fn closing_line(line: &str) -> Option<Tally> {
    let (_verdict, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut tally = Tally::default();
    for part in counts.split("; ") {
        match part.split_once(' ') {
            Some((number, "passed" | "measured")) => tally.passed += number.parse::<u64>().ok()?,
            Some((number, "failed")) => tally.failed += number.parse::<u64>().ok()?,
            Some((number, "ignored")) => tally.ignored += number.parse::<u64>().ok()?,
            _ => {}
        }
    }
    Some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(output: &str) -> (u64, u64, u64) {
        let mut count = Count::default();
        output.lines().for_each(|line| count.read(line));
        let tally = count.finish();
        (tally.passed, tally.failed, tally.ignored)
    }

    fn shell(script: &str) -> Result<Tally> {
        run(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn libtests_closing_lines_are_added_up() {
        let one = "running 4 tests\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.00s\n";
        let two = "running 1 test\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(count(&format!("{one}\n{two}")), (3, 1, 1));
    }

    #[test]
    fn failed_tests_are_named_and_not_those_in_the_output_of_one() {
        let output = "running 2 tests\ntest a ... ok\ntest m::b ... FAILED\n\nfailures:\n\
                      test c ... FAILED\ntest result: FAILED. 1 passed; 1 failed\n";
        let mut count = Count::default();
        output.lines().for_each(|line| count.read(line));
        assert_eq!(count.finish().failures, ["m::b"]);
    }

    #[test]
    fn the_tests_that_a_failed_test_ran_are_not_counted() {
        for inside in [2, 5] {
            let nested = format!(
                "running {inside} tests\ntest result: ok. {inside} passed; 0 failed; 0 ignored\n"
            );
            let closing = "test result: FAILED. 1 passed; 1 failed; 0 ignored; finished in 0.00s\n";
            let outer =
                format!("running 2 tests\nfailures:\n{nested}failures:\n    one\n{closing}");
            assert_eq!(count(&outer), (1, 1, 0));
        }
    }

    #[test]
    fn a_test_binary_that_dies_is_a_failure() {
        assert_eq!(count("running 2 tests\ntest one ... ok\n"), (0, 1, 0));
    }

    #[test]
    fn a_runner_that_ends_badly_without_a_failed_test_is_a_failure() {
        let closing = "test result: ok. 1 passed; 0 failed; 0 ignored";
        let tally = shell(&format!("echo 'running 1 test'; echo '{closing}'; exit 4")).unwrap();
        assert_eq!((tally.passed, tally.failed), (1, 1));
    }

    #[test]
    fn a_silent_runner_ran_nothing() {
        assert_eq!(shell("true").unwrap(), Tally::default());
    }

    #[test]
    fn a_process_that_holds_the_output_after_the_runners_end_is_an_error() {
        let mut runner = Command::new("sh");
        let grace = Duration::from_millis(50);
        let error = run_within(runner.args(["-c", "sleep 2 &"]), grace).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("a process that it left behind still holds it"),
            "{error}"
        );
    }
}
