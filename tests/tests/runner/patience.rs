//! SIGTERM, with which nextest ends a test that takes too long: under nextest it ends the binary as
//! a time limit would, and elsewhere it is passed on to the binary.

use super::keeping::kept_id;
use rustix::process::Signal;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::process::{Finished, Running, vm_test};
use vm_test_tests::publication::runner;

/// What nextest sets for every test process.
const MODE: (&str, &str) = ("NEXTEST_EXECUTION_MODE", "process-per-test");

/// How it names the test.
const EXACT: &str = "--exact";

/// Runs a shell with this trap as if it were a test binary with one more argument, and sends the
/// runner SIGTERM once the shell's `sleep` sleeps.
fn told_to_end(host: &Host, trap: &str, argument: &str, variables: &[(&str, &str)]) -> Finished {
    let mut command = host.vm_test();
    let words = ["runner", "host", "/bin/sh", "-c"];
    let sleeps = "sleep 1000 & until grep -q '(sleep) S' /proc/$!/stat; do :; done";
    command
        .args(words)
        .arg(format!("{trap}; {sleeps}; echo ready; wait; exit 4"))
        .arg(argument);
    command.envs(variables.iter().copied());
    let running = Running::start(&mut command);
    running.await_output("ready\n");
    running.signal(Signal::TERM);
    running.finish()
}

#[test]
fn where_a_process_runs_one_test_it_is_the_end_of_its_time() {
    let host = Host::new();
    // It would go on if the signal were passed on to it.
    let trap = "trap '' TERM";
    let keep = ("VM_TEST_KEEP", "on-failure");
    for (variables, how) in [
        (&[MODE][..], "killed"),
        (&[MODE, keep], "stopped (SIGSTOP) for inspection"),
    ] {
        let finished = told_to_end(&host, trap, EXACT, variables);
        assert_eq!(finished.status.signal(), Some(15), "{finished:?}");
        let expected = format!(
            "`/bin/sh` was {how} because vm-test received SIGTERM\nwhat it was doing:\n  | thread "
        );
        assert!(finished.err.contains(&expected), "{finished:?}");
        let waits = "`sleep 1000` waits in clock_nanosleep";
        assert!(finished.err.contains(waits), "{finished:?}");
        let id = kept_id(&finished.err);
        assert_eq!(id.is_some(), variables.contains(&keep), "{finished:?}");
        if let Some(id) = id {
            assert_eq!(vm_test(&host, &["rm", id]).code(), Some(0));
        }
    }
}

#[test]
fn elsewhere_the_binary_decides() {
    let host = Host::new();
    // Also if a test under nextest starts it and hands its variables on.
    for (argument, variables) in [(EXACT, &[][..]), ("--include-ignored", &[MODE])] {
        let finished = told_to_end(&host, "trap 'exit 3' TERM", argument, variables);
        assert_eq!(finished.code(), Some(3), "{finished:?}");
        assert!(!finished.err.contains("received SIGTERM"), "{finished:?}");
    }
}

#[test]
fn what_nextest_ends_leaves_its_counters_and_its_artifacts() {
    let host = Host::new();
    let fixture = Fixture::new("runner");
    let place = tempfile::tempdir().unwrap();
    let settings = place.path().join("nextest.toml");
    // The list is made here, so that the only profile from a guest is the test's.
    let text = format!(
        "experimental = [\"wrapper-scripts\"]\n\
         [scripts.wrapper.guest]\ncommand = '{}'\n\
         [profile.default]\n\
         slow-timeout = {{ period = \"5s\", terminate-after = 1, grace-period = \"20s\" }}\n\
         [[profile.default.scripts]]\nfilter = 'all()'\nrun-wrapper = 'guest'\n",
        runner("host")
    );
    fs::write(&settings, text).unwrap();
    let target = place.path().join("target");
    let args = ["nextest", "run", "--run-ignored", "all"];
    let mut command = fixture.cargo(&host, &args);
    let output = command
        .args(["-E", "test(=moved_and_hangs)", "--config-file"])
        .arg(settings)
        .env("NEXTEST_NO_OUTPUT_INDENT", "1")
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", "-C instrument-coverage")
        .env(
            "LLVM_PROFILE_FILE",
            place.path().join("profiles/%p.profraw"),
        )
        .output()
        .unwrap();
    let text = text_of(&output);
    assert!(text.contains("1 timed out"), "{text}");
    let expected = "` was killed because vm-test received SIGTERM\nwhat it was doing:\n  | thread ";
    assert!(text.contains(expected), "{text}");
    let artifact = target.join("vm-test/artifacts/runner/moving/moved_and_hangs/last-will");
    assert_eq!(fs::read(artifact).expect(&text), b"all to you");
    let profiles = fs::read_dir(place.path().join("profiles")).expect(&text);
    let names = profiles.flatten().map(|profile| profile.file_name());
    let from_guests = names.filter(|name| name.to_string_lossy().starts_with("vm-test-"));
    assert_eq!(from_guests.count(), 1, "{text}");
}
