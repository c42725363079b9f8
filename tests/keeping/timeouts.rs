//! Tests that do not end in time: what is said of them, and what is left of them where it is kept.

use crate::{BACKENDS, Kept, fixture};
use vm_test_tests::fixture::Runner;
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
        // A machine without an accelerator is given more time.
        assert!(
            run.text.contains("error: the test did not end within "),
            "{}",
            run.text
        );
        let expected = "s and was killed\n\
            the last lines that it wrote:\n  | about to stall\n\
            what it was doing:\n";
        assert!(run.text.contains(expected), "{}", run.text);
        // The thread that has the test's name, as far as the kernel keeps it.
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
            it.run.text.contains("s and was stopped as it was\n"),
            "{}",
            it.run.text
        );
        let script = format!(
            "pid=$(pgrep -o -f '^[^ ]*endings.* {backend}::stalls'); grep State /proc/$pid/status; \
             kill -CONT $pid; sleep 0.2; grep State /proc/$pid/status"
        );
        let attached = vm_test(&it.host, &["attach", &it.id, "--", "sh", "-c", &script]);
        assert_eq!(
            attached.out, "State:\tT (stopped)\nState:\tS (sleeping)\n",
            "{attached:?}"
        );
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
