//! Shortages of resources when something is started: each error has its own message and hint,
//! whichever step meets it.

use std::collections::BTreeSet;
use vm_test_tests::account::{Ordinary, is_root};
use vm_test_tests::host::Host;
use vm_test_tests::process::{Finished, Running, vm_test};

/// How often a start is tried with ever more processes: what else its user runs takes some of them,
/// and may come and go at just those limits that a step needs.
const PASSES: usize = 5;

/// Runs a command in a guest, with a daemon that is started under a limit.
fn below(host: &Host, limit: &str) -> Finished {
    let script = format!("ulimit {limit} && exec \"$VM_TEST_BIN\" run host -- true");
    let mut command = std::process::Command::new("bash");
    host.adopt(&mut command).args(["-c", &script]);
    Running::start(&mut command).finish()
}

#[test]
fn too_few_open_files_are_named_at_every_step_of_a_start() {
    let host = Host::new();
    let mut steps = BTreeSet::new();
    for limit in [5, 8, 10, 12, 14, 16] {
        let finished = below(&host, &format!("-n {limit}"));
        assert_eq!(finished.code(), Some(125), "{limit}: {}", finished.err);
        let (cause, hint) = finished.err.split_once("\nhint: ").unwrap_or_default();
        assert!(cause.contains("Too many open files"), "{limit}: {cause}");
        assert!(
            hint.starts_with("the limit of open files is too low: raise it, as in `ulimit -n "),
            "{limit}: {hint}"
        );
        for wrong in ["--privileged", "user namespace", "vm-test doctor"] {
            assert!(!finished.err.contains(wrong), "{limit}: {}", finished.err);
        }
        steps.insert(cause.split(": ").nth(1).unwrap_or_default().to_owned());
        host.stop();
    }
    assert!(steps.len() > 2, "all failed at the same step: {steps:?}");
}

#[test]
fn too_few_processes_and_threads_are_named_at_every_step_of_a_start() {
    // Root's processes are not counted.
    if is_root() {
        let test = "shortage::too_few_processes_and_threads_are_named_at_every_step_of_a_start";
        return Ordinary::find().run_again(test, &[]);
    }
    let host = Host::new();
    let mut steps = BTreeSet::new();
    // Everything that this user runs counts, including this test and what others run meanwhile.
    for _ in 0..PASSES {
        if steps.len() > 2 {
            break;
        }
        add_steps_without_processes(&host, &mut steps);
    }
    assert!(steps.len() > 2, "all failed at the same step: {steps:?}");
}

/// Allows more and more processes until a start succeeds, and adds the steps at which it failed.
fn add_steps_without_processes(host: &Host, steps: &mut BTreeSet<String>) {
    for limit in 1..200 {
        let finished = below(host, &format!("-u {limit}"));
        host.stop();
        if finished.code() == Some(0) {
            return;
        }
        assert_eq!(finished.code(), Some(125), "{limit}: {}", finished.err);
        let (cause, hint) = finished.err.split_once("\nhint: ").unwrap_or_default();
        assert!(
            cause.contains("Resource temporarily unavailable"),
            "{limit}: {}",
            finished.err
        );
        assert!(
            hint.starts_with("the limit of processes and threads is reached"),
            "{limit}: {hint}"
        );
        let step = cause.rsplit(": ").nth(1).unwrap_or_default();
        steps.insert(step.replace(|c: char| c.is_ascii_digit(), ""));
    }
}

#[test]
fn a_start_needs_fewer_open_files_than_any_shell_allows() {
    let host = Host::new();
    for limit in [48, 64, 65] {
        let finished = below(&host, &format!("-n {limit}"));
        assert_eq!(finished.code(), Some(0), "{limit}: {}", finished.err);
        host.stop();
    }
}

#[test]
fn a_daemon_keeps_the_limits_it_was_started_with_until_it_is_stopped() {
    let host = Host::new();
    assert_eq!(below(&host, "-n 16").code(), Some(125));
    let later = vm_test(&host, &["run", "host", "--", "true"]);
    assert_eq!(later.code(), Some(125), "{}", later.err);
    assert!(later.err.contains("`vm-test stop`"), "{}", later.err);
    host.stop();
    let later = vm_test(&host, &["run", "host", "--", "true"]);
    assert_eq!(later.code(), Some(0), "{}", later.err);
}
