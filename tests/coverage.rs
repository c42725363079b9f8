//! Coverage of what runs in guests, in the reports of an unmodified cargo-llvm-cov: lines counted as often as when the same
//! test runs locally, from parents, children and panics, and no report broken by a death of any kind.

#[path = "coverage/report.rs"]
mod report;

use report::{Measurement, Tool};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;

/// How long a run may take until its guest is there: it begins with a build.
const PATIENCE: Duration = Duration::from_secs(200);

#[test]
fn lines_count_as_often_on_a_guest_as_locally() {
    let host = Host::new();
    for tool in [Tool::Test, Tool::Nextest] {
        let (local, _) = Measurement::new(&host, tool, &["--test", "lines"], &[]).run();
        let options = ["--test", "lines", "--features", "guest"];
        let (on_guests, text) = Measurement::new(&host, tool, &options, &[]).run();
        // 14 and 7 times around the loop of the parent, 5 and 10 of the child, 4 of the panic.
        let functions = ["in_parent", "in_child", "before_a_panic", "never"];
        assert_eq!(functions.map(|it| local.count_in(it)), [21, 15, 4, 0]);
        assert_eq!(on_guests, local, "{tool:?}:\n{text}");
    }
}

#[test]
fn a_time_limit_loses_no_line_of_the_test_or_of_its_child() {
    let host = Host::new();
    let passed_on = ["--ignored", "--exact", "hangs"];
    let (report, text) =
        Measurement::new(&host, Tool::Test, &["--test", "deaths"], &passed_on).run();
    assert!(
        text.contains("did not end within 2s and was killed"),
        "{text}"
    );
    let counts = ["before_a_kill", "in_child"].map(|it| report.count_in(it));
    assert_eq!(counts, [8, 6], "{text}");
}

#[test]
fn a_child_that_outlives_its_test_counts_until_then() {
    let host = Host::new();
    let passed_on = ["--ignored", "--exact", "outlives_nobody"];
    let (report, text) =
        Measurement::new(&host, Tool::Test, &["--test", "deaths"], &passed_on).run();
    assert!(text.contains("test outlives_nobody ... ok"), "{text}");
    assert_eq!(report.count_in("in_child"), 6, "{text}");
}

#[test]
fn deaths_and_broken_profiles_never_break_the_report() {
    let host = Host::new();
    let options = ["--test", "deaths"];
    let passed_on = ["--include-ignored", "--skip", "waits", "--skip", "hangs"];
    let with_nextest = [
        "--test",
        "deaths",
        "--run-ignored",
        "all",
        "--success-output",
        "final",
        "-E",
        "not test(/waits|hangs/)",
    ];
    let runs = [
        (Tool::Test, &options[..], &passed_on[..]),
        (Tool::Nextest, &with_nextest, &[]),
    ];
    for (tool, options, passed_on) in runs {
        let (report, text) = Measurement::new(&host, tool, options, passed_on).run();
        for words in [
            "signal 9 (SIGKILL) killed the test process",
            "signal 6 (SIGABRT) killed the test process",
            "coverage profile `1-x.profraw` was not brought back: it does not begin like a coverage profile",
            "coverage profile `2-x.profraw` was not brought back: it has only 0 bytes",
            "coverage profile `3-x.profraw` was not brought back: it is cut short: 128 of 704 bytes",
            "coverage profile `4-x.profraw` was not brought back: it is a symbolic link",
        ] {
            assert!(text.contains(words), "{words}:\n{text}");
        }
        // Only the test that ends by itself has been counted.
        assert_eq!(report.count_in("before_a_kill"), 8, "{text}");
    }
}

#[test]
fn killed_processes_count_in_continuous_mode() {
    let host = Host::new();
    let passed_on = ["--ignored", "--exact", "is_killed", "aborts"];
    let mut measurement = Measurement::new(&host, Tool::Test, &["--test", "deaths"], &passed_on);
    measurement
        .command
        .env("RUSTFLAGS", "-C llvm-args=-runtime-counter-relocation")
        .env("LLVM_PROFILE_FILE_NAME", "continuous-%p%c.profraw");
    let (report, text) = measurement.run();
    assert_eq!(report.count_in("before_a_kill"), 16, "{text}");
}

#[test]
fn a_guest_that_is_killed_from_outside_breaks_no_report() {
    let host = Host::new();
    let passed_on = ["--include-ignored", "waits", "leaves"];
    let mut measurement = Measurement::new(&host, Tool::Test, &["--test", "deaths"], &passed_on);
    let streams = measurement.command.stdout(Stdio::piped());
    let run = streams
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo starts");
    Daemon::at(keeper_of(&host, "waits_to_be_killed"))
        .expect("a keeper")
        .kill();
    let (report, text) = measurement.read(&run.wait_with_output().expect("cargo ends"));
    assert!(
        text.contains("test waits_to_be_killed ... FAILED"),
        "{text}"
    );
    assert_eq!(report.count_in("before_a_kill"), 8, "{text}");
}

/// Waits until a test has had its guest for a while.
fn keeper_of(host: &Host, test: &str) -> u32 {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let mut ps = host.vm_test();
        let output = ps.args(["ps", "--json"]).output().expect("vm-test starts");
        let listed: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let instances = listed["instances"].as_array().into_iter().flatten();
        let keeper = instances
            .filter(|it| it["purpose"] == test && it["age_ms"].as_u64() > Some(1500))
            .find_map(|it| u32::try_from(it["keeper"].as_u64()?).ok());
        if let Some(keeper) = keeper {
            return keeper;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{test} does not get its guest");
}
