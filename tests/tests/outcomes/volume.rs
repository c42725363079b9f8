//! Output of hundreds of megabytes, and without end.

use super::words::line_fits;
use super::{fixture, limit};
use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::patience;
use vm_test_tests::place::Place;

/// How many numbered lines the body writes.
const LINES: usize = 100_000;

/// The length of each line.
const LINE: usize = 1_000;

/// Returns the line with this number.
fn line(number: usize) -> String {
    format!("{number:.<999}\n")
}

/// Returns everything that a command writes to its standard output, if it ends in time.
fn output_of(command: &mut Command, limit: Duration) -> (ExitStatus, Vec<u8>) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (sender, receiver) = channel();
    let reader = thread::spawn(move || {
        let mut output = Vec::new();
        let _ = sender.send(stdout.read_to_end(&mut output).map(|_| output));
    });
    let output = receiver.recv_timeout(limit);
    if output.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().unwrap();
    let output = output.expect("it ends in time").unwrap();
    reader.join().unwrap();
    (status, output)
}

pub(crate) fn a_hundred_megabytes_arrive_to_the_last_byte_and_in_order(place: Place) {
    let (fixture, host) = fixture(place);
    for runner in [Runner::CargoTest, Runner::Nextest] {
        let group = Group {
            targets: &["hostile"],
            filters: &["--exact", "volume::writing_a_hundred_megabytes"],
            environment: &[],
            limit: limit(place),
        };
        let mut command = group.command(&fixture, &host, runner);
        let (status, output) = output_of(command.arg("--nocapture"), limit(place));
        assert!(status.success(), "{runner:?}: {status}");
        // libtest begins a line that it ends after the test.
        let first = line(0);
        let begin = output
            .windows(LINE)
            .position(|part| part == first.as_bytes());
        let begin = begin.unwrap_or_else(|| panic!("no first line under {runner:?}"));
        let (body, frame) = output[begin..]
            .split_at_checked(LINES * LINE)
            .unwrap_or_else(|| panic!("{} bytes came under {runner:?}", output.len() - begin));
        for (number, came) in body.chunks(LINE).enumerate() {
            let wanted = line(number);
            let as_wanted = came == wanted.as_bytes();
            let came = String::from_utf8_lossy(came);
            assert!(as_wanted, "line {number} is {came:?} under {runner:?}");
        }
        let after = String::from_utf8_lossy(frame);
        assert!(
            !after.contains("...."),
            "more came under {runner:?}: {after}"
        );
    }
}

pub(crate) fn output_without_end_does_not_keep_a_test_from_ending(place: Place) {
    let (fixture, host) = fixture(place);
    for (runner, test, code, timeout, words) in [
        (
            Runner::CargoTest,
            "volume::writing_without_end",
            101,
            Duration::from_secs(2),
            "error: the test did not end within …s and was killed",
        ),
        (
            Runner::Nextest,
            "volume::writing_without_end",
            100,
            Duration::from_secs(2),
            "error: the test did not end within …s and was killed",
        ),
        // What its child writes belongs to it until it ends, and for a moment after that.
        (
            Runner::CargoTest,
            "volume::leaving_a_child_that_writes_for_ever",
            0,
            Duration::ZERO,
            "test result: ok. 1 passed; …",
        ),
    ] {
        let group = Group {
            targets: &["hostile"],
            filters: &["--exact", test],
            environment: &[],
            limit: limit(place),
        };
        let mut command = group.command(&fixture, &host, runner);
        let finished = patience::run(&mut command, limit(place));
        assert_eq!(finished.code, Some(code), "{}", finished.stderr.text());
        // nextest prints a test's output to its own standard error, indented.
        let text = finished.stdout.text() + &finished.stderr.text();
        assert!(
            text.lines().any(|line| line_fits(words, line.trim_start())),
            "{test} did not say `{words}` under {runner:?}"
        );
        assert!(
            finished.took < timeout * place.factor() + place.slack(),
            "{test} took {:?} under {runner:?}",
            finished.took
        );
    }
}
