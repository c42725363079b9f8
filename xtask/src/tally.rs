//! Runs a test runner and counts the results that it reports: libtest's and nextest's closing lines, nothing else.
//! A runner that ends badly without a failed test, or that leaves a test binary without a closing line, counts as
//! one failure, so that a crash can never look like a pass.

use std::io::{BufRead, BufReader, PipeReader};
use std::ops::AddAssign;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command;

/// How long a runner's output may stay open after the runner has ended. Only a process that it left behind can hold
/// it open, and such a process holds it for good.
const OUTPUT_GRACE: Duration = Duration::from_secs(10);

/// The results of one or more runners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// The last runner's closing line, as it wrote it.
    pub(crate) closing_line: Option<String>,
}

impl Tally {
    /// Tests that ran.
    pub(crate) fn ran(&self) -> u64 {
        self.passed + self.failed
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.closing_line = other.closing_line.or(self.closing_line.take());
    }
}

/// The program that runs the tests, which decides how its results read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `cargo test`: one closing line per test binary.
    Libtest,
    /// `cargo nextest run`: one closing line for all.
    Nextest,
}

/// Runs the test runner `command`, passes its output on line by line and counts.
pub(crate) fn run(command: &mut Command, kind: Kind) -> Result<Tally> {
    run_within(command, kind, OUTPUT_GRACE)
}

fn run_within(command: &mut Command, kind: Kind, grace: Duration) -> Result<Tally> {
    command::echo(command);
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    let second = writer.try_clone().context("cannot make a pipe")?;
    command.stdin(Stdio::null()).stdout(writer).stderr(second);
    // Colours would stand in the middle of the lines that are counted.
    command.env("CARGO_TERM_COLOR", "never");
    let mut child = command
        .spawn()
        .with_context(|| command::cannot_start(command))?;
    // The command keeps our copies of the writing end; without this the output would never end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(relay(reader, kind)));
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
        println!(
            "`{}` ended with {status} without a failed test",
            command::line(command)
        );
        tally.failed += 1;
    }
    Ok(tally)
}

fn relay(reader: PipeReader, kind: Kind) -> Result<Tally> {
    let mut count = Count::of(kind);
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.context("cannot read the runner's output")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        count.read(&line);
    }
    Ok(count.finish())
}

/// Counts while a runner's output passes by. Some tests run tests themselves, so that the output of a failed one
/// may hold closing lines that are not the runner's.
struct Count {
    kind: Kind,
    tally: Tally,
    /// How many tests the libtest binary that is running now has announced. Its closing line is the one that accounts
    /// for exactly that many.
    announced: Option<u64>,
    /// Whether that binary has begun to show the output of its failed tests, so that it cannot end well any more.
    failing: bool,
}

impl Count {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            tally: Tally::default(),
            announced: None,
            failing: false,
        }
    }

    fn read(&mut self, line: &str) {
        match self.kind {
            Kind::Libtest => self.read_libtest(line),
            // The runner's own closing line comes after all output of tests, so that the last one counts.
            Kind::Nextest => {
                if let Some(closing) = nextest_closing(line) {
                    self.tally = closing;
                }
            }
        }
    }

    fn read_libtest(&mut self, line: &str) {
        if let Some(announced) = libtest_opening(line) {
            self.announced.get_or_insert(announced);
        } else if line == "failures:" {
            self.failing = true;
        } else if let Some(closing) = libtest_closing(line)
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
            println!("a test binary ended without its closing line");
            self.tally.failed += 1;
        }
        self.tally
    }
}

/// `running 3 tests`.
fn libtest_opening(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("running ")?;
    rest.strip_suffix(" tests")
        .or_else(|| rest.strip_suffix(" test"))?
        .parse()
        .ok()
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`.
fn libtest_closing(line: &str) -> Option<Tally> {
    let (_verdict, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut tally = Tally {
        closing_line: Some(line.to_owned()),
        ..Tally::default()
    };
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

/// `     Summary [   0.012s] 3 tests run: 2 passed (1 slow, 1 flaky), 1 timed out, 4 skipped`. Nextest calls tests
/// that a filter left out "skipped" too, so that this number is not one of ignored tests, and is not kept.
fn nextest_closing(line: &str) -> Option<Tally> {
    let rest = line.trim_start().strip_prefix("Summary [")?;
    let (_time, rest) = rest.split_once("] ")?;
    let (_run, counts) = rest.split_once(" run: ")?;
    let mut tally = Tally {
        closing_line: Some(line.to_owned()),
        ..Tally::default()
    };
    for part in without_brackets(counts).split(", ") {
        let (number, kind) = part.trim().split_once(' ')?;
        let number: u64 = number.parse().ok()?;
        match kind {
            "passed" => tally.passed += number,
            "skipped" => {}
            // Failed, timed out, failed to start, aborted, leaked: whatever is no pass is a failure.
            _ => tally.failed += number,
        }
    }
    Some(tally)
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    let mut outside = String::new();
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => outside.push(character),
            _ => {}
        }
    }
    outside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(kind: Kind, output: &str) -> (u64, u64, u64) {
        let mut count = Count::of(kind);
        output.lines().for_each(|line| count.read(line));
        let tally = count.finish();
        (tally.passed, tally.failed, tally.ignored)
    }

    fn shell(script: &str) -> Result<Tally> {
        run(Command::new("sh").args(["-c", script]), Kind::Nextest)
    }

    #[test]
    fn libtests_closing_lines_are_added_up() {
        let one = "running 4 tests\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.00s\n";
        let two = "running 1 test\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(count(Kind::Libtest, &format!("{one}\n{two}")), (3, 1, 1));
    }

    #[test]
    fn nextests_closing_line_is_read_with_all_its_kinds() {
        assert_eq!(
            count(
                Kind::Nextest,
                "     Summary [   0.012s] 3 tests run: 3 passed, 4 skipped"
            ),
            (3, 0, 0)
        );
        assert_eq!(
            count(
                Kind::Nextest,
                "     Summary [  61.012s] 7/9 tests run: 3 passed (1 slow, 1 flaky), 2 failed, 1 timed out, 1 exec failed, 4 skipped"
            ),
            (3, 4, 0)
        );
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
            assert_eq!(count(Kind::Libtest, &outer), (1, 1, 0));
        }
    }

    #[test]
    fn the_tests_that_a_test_under_nextest_ran_are_not_counted() {
        let output = "running 1 test\n    Summary [ 0.1s] 9 tests run: 9 passed, 0 skipped\n\
                      test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
                      Summary [ 0.2s] 1 test run: 1 passed, 0 skipped";
        assert_eq!(count(Kind::Nextest, output), (1, 0, 0));
    }

    #[test]
    fn a_test_binary_that_dies_is_a_failure() {
        assert_eq!(
            count(Kind::Libtest, "running 2 tests\ntest one ... ok\n"),
            (0, 1, 0)
        );
    }

    #[test]
    fn a_runner_that_ends_badly_without_a_failed_test_is_a_failure() {
        let tally =
            shell("echo '  Summary [ 0.1s] 1 test run: 1 passed, 0 skipped' >&2; exit 4").unwrap();
        assert_eq!((tally.passed, tally.failed), (1, 1));
        assert_eq!(
            tally.closing_line.as_deref(),
            Some("  Summary [ 0.1s] 1 test run: 1 passed, 0 skipped")
        );
    }

    #[test]
    fn a_silent_runner_ran_nothing() {
        assert_eq!(shell("true").unwrap(), Tally::default());
    }

    #[test]
    fn a_process_that_holds_the_output_after_the_runners_end_is_an_error() {
        let mut runner = Command::new("sh");
        let grace = Duration::from_millis(50);
        let error = run_within(runner.args(["-c", "sleep 2 &"]), Kind::Nextest, grace).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("a process that it left behind still holds it"),
            "{error}"
        );
    }
}
