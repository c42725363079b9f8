//! Tests that do not end in time: what is reported, and what is left of them if their instance is
//! kept.

use crate::{BACKENDS, Kept, fixture};
use vm_test_tests::fixture::{Runner, text_of};
use vm_test_tests::process::vm_test;

#[test]
fn the_failure_says_what_was_happening_last() {
    let (fixture, host) = fixture();
    for backend in BACKENDS {
        let run = fixture.run(
            &host,
            Runner::CargoTest,
            &format!("{backend}::stalls_for_nobody"),
        );
        assert!(!run.success);
        // A VM without hardware virtualisation is given more time.
        assert!(
            run.text.contains("error: the test did not end within "),
            "{}",
            run.text
        );
        let expected = "s and was killed\n\
            the last lines that it wrote:\n  | about to stall\n\
            what it was doing:\n";
        assert!(run.text.contains(expected), "{}", run.text);
        // The thread with the test's name, as far as the kernel keeps it.
        let thread = format!(
            "({}) waits in read of descriptor ",
            &format!("{backend}::stalls_for_nobody")[..15]
        );
        assert!(run.text.contains(&thread), "{thread} in {}", run.text);
        assert!(run.text.contains(", pipe:["), "{}", run.text);
        assert_eq!(crate::kept(&host).len(), 0);
    }
}

#[test]
fn where_it_is_kept_the_test_is_still_there_and_stopped() {
    for backend in BACKENDS {
        let it = Kept::by(&format!("{backend}::stalls"));
        assert!(
            it.run
                .text
                .contains("s and was stopped (SIGSTOP) for inspection\n"),
            "{}",
            it.run.text
        );
        let script = format!(
            "pid=$(pgrep -o -f '^[^ ]*endings.* {backend}::stalls'); grep State /proc/$pid/status; \
             kill -CONT $pid; until grep 'State:.S' /proc/$pid/status; do sleep 0.1; done"
        );
        let attached = vm_test(&it.host, &["attach", &it.id, "--", "sh", "-c", &script]);
        assert_eq!(
            attached.out, "State:\tT (stopped)\nState:\tS (sleeping)\n",
            "{attached:?}"
        );
    }
}

#[test]
fn a_test_that_nextest_ends_says_the_same_leaves_its_artifacts_and_is_kept() {
    let (fixture, host) = fixture();
    for backend in BACKENDS {
        // The very first VM boots, for which this profile of nextest is too impatient.
        let first = fixture.run(&host, Runner::Nextest, &format!("{backend}::passes"));
        assert!(first.success, "{}", first.text);
        let test = format!("{backend}::waits_to_be_killed");
        let args = ["nextest", "run", "--profile", "impatient"];
        let mut command = fixture.cargo(&host, &args);
        command.args(["-E", &format!("test(={test})")]);
        command.env("NEXTEST_NO_OUTPUT_INDENT", "1");
        let text = text_of(&command.output().expect("cargo starts"));
        assert!(text.contains("1 timed out"), "{text}");
        let expected = "error: the test process on the host received SIGTERM before the test ended; the test was stopped (SIGSTOP) for inspection\n\
            the last lines that it wrote:\n  | ready to be killed\n\
            what it was doing:\n  | ";
        assert!(text.contains(expected), "{text}");
        let thread = format!("({}) waits in clock_nanosleep", &test[..15]);
        assert!(text.contains(&thread), "{thread} in {text}");
        let directory = test.replace("::", ".");
        let artifact = format!("vm-test/artifacts/keeping/endings/{directory}/last-will.txt");
        let artifact = fixture.target().join(artifact);
        let written = std::fs::read_to_string(&artifact);
        assert_eq!(written.expect(&text), "all to you", "{artifact:?}");
        let id = crate::kept_id(&text).unwrap_or_else(|| panic!("nothing is kept: {text}"));
        assert_eq!(crate::kept(&host), [id.as_str()]);
        let removed = vm_test(&host, &["rm", &id]);
        assert_eq!(removed.code(), Some(0), "{removed:?}");
    }
}

#[test]
fn a_command_that_does_not_end_in_time_is_described_as_well() {
    let (_, host) = fixture();
    let run = vm_test(
        &host,
        &["run", "--timeout", "500ms", "host", "--", "sleep", "1000"],
    );
    assert_eq!(run.code(), Some(124));
    assert!(
        run.err
            .contains("was killed\nwhat it was doing:\n  | thread ")
            && run.err.contains("(sleep) waits in clock_nanosleep"),
        "{run:?}"
    );
}
