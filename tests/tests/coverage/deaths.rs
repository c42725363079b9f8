//! A run in which test processes, children and a whole guest die while other tests are measured,
//! and which of their lines are counted.

use super::lines::{COUNTED, LINES, ON_A_GUEST};
use super::report::{Measurement, Report, Tool};
use serde_json::Value;
use std::time::{Duration, Instant};
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;
use vm_test_tests::patience;
use vm_test_tests::place::Place;

/// The lines of the tests that die.
pub(crate) const SOURCE: &str = "src/deaths.rs";

/// How often each test of the fixture executes them; each number is a different bit.
pub(crate) const IS_KILLED: u64 = 1;
pub(crate) const ABORTS: u64 = 2;
pub(crate) const HANGS: u64 = 4;
const LEAVES_BROKEN_PROFILES: u64 = 16;
const WAITS_FOR_THE_END: u64 = 32;

/// The same for the tests' children.
pub(crate) const CHILD_OF_HANGS: u64 = 1;
const CHILD_OF_OUTLIVES: u64 = 2;

/// How long a run may take, including a build. The limit finds hangs; it measures nothing.
const LIMIT: Duration = Duration::from_secs(250);

/// The age in milliseconds at which a guest is killed from outside. By then its test has begun, and
/// usually executed its lines.
const OLD_ENOUGH: u64 = 1500;

/// Runs the whole fixture, kills the guest of one test, and compares.
///
/// A process that ends by itself counts as it does locally; one that is ended by a time limit or by
/// the end of its test counts until then; one that is killed does not count.
#[track_caller]
pub(crate) fn break_no_report(host: &Host, place: Place, tool: Tool, local: &Report) {
    let mut options = [LINES, ON_A_GUEST, ["--test", "deaths"]].concat();
    let mut passed_on = Vec::new();
    match tool {
        // In a single process, all tests would be told to end.
        Tool::Test => passed_on.extend(["--include-ignored", "--skip", "waits_for_the_end"]),
        Tool::Nextest => options.extend(["--run-ignored", "all", "--success-output", "final"]),
    }
    let mut measurement = Measurement::new(host, tool, &options, &passed_on);
    let run = patience::start(&mut measurement.command);
    let mut told = "test result: FAILED";
    let mut in_parent = HANGS + LEAVES_BROKEN_PROFILES;
    if tool == Tool::Nextest {
        let test = process_of(host, place, "waits_for_the_end", "holder");
        Daemon::at(test).expect("a test process").terminate();
        in_parent += WAITS_FOR_THE_END;
        told = "the test process on the host received SIGTERM before the test ended; the test was killed";
    }
    let keeper = process_of(host, place, "waits_to_be_killed", "keeper");
    Daemon::at(keeper).expect("a keeper").kill();
    let finished = run.finish(LIMIT);
    let text = finished.stdout.text() + &finished.stderr.text();
    let report = measurement.read(&text);

    assert_eq!(report.of(&COUNTED), local.of(&COUNTED), "{tool:?}:\n{text}");
    let counts = ["in_parent", "in_child"].map(|it| report.count_in(SOURCE, it));
    let expected = [in_parent, CHILD_OF_HANGS + CHILD_OF_OUTLIVES];
    assert_eq!(counts, expected, "{tool:?}:\n{text}");
    for words in [
        told,
        "signal 9 (SIGKILL) killed the test process",
        "signal 6 (SIGABRT) killed the test process",
        &format!("did not end within {}s and was killed", 3 * place.factor()),
        "coverage profile `1-x.profraw` was not brought back: it does not begin like a coverage profile",
        "coverage profile `2-x.profraw` was not brought back: it has only 0 bytes",
        "coverage profile `3-x.profraw` was not brought back: it is cut short: 128 of 704 bytes",
        "coverage profile `4-x.profraw` was not brought back: it is a symbolic link",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    for (test, passes) in [
        ("aborts", false),
        ("hangs", false),
        ("is_killed", false),
        ("leaves_broken_profiles", true),
        ("outlives_nobody", true),
        ("waits_to_be_killed", false),
    ] {
        assert!(tool.has_told(&text, test, passes), "{test}:\n{text}");
    }
}

/// Waits until a test has had its guest for a while; returns the process with this part of its
/// name.
#[track_caller]
fn process_of(host: &Host, place: Place, test: &str, part: &str) -> u32 {
    let began = Instant::now();
    let old_enough = OLD_ENOUGH * u64::from(place.factor());
    while began.elapsed() < LIMIT {
        let mut ps = host.vm_test();
        let output = ps.args(["ps", "--json"]).output().expect("vm-test starts");
        let listed: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let instances = listed["instances"].as_array().into_iter().flatten();
        let process = instances
            .filter(|it| it["purpose"] == test && it["age_ms"].as_u64() > Some(old_enough))
            .find_map(|it| u32::try_from(it[part].as_u64()?).ok());
        if let Some(process) = process {
            return process;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{test} does not get its guest");
}
