//! Signals to `vm-test run`: those that reach the command, those that do not, and the one that
//! cannot be handled.

use rustix::process::Signal;
use std::io::Write;
use std::process::Command;
use std::time::Duration;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, await_that, instances, start_in_guest};

/// Reports which signal came, and ends with 42 at SIGTERM.
const LISTENER: &str = "
    trap 'echo int' INT; trap 'echo hup' HUP; trap 'echo quit' QUIT; trap 'echo usr1' USR1; trap 'echo usr2' USR2
    trap 'echo term; exit 42' TERM
    echo ready; while :; do sleep 0.05; done";

#[test]
fn signals_reach_the_command_and_its_exit_code_comes_back() {
    let host = Host::new();
    let mut command = Command::new("env");
    host.adopt(&mut command);
    // This test may have been started with signals ignored, as by nohup.
    command.arg("--default-signal").arg(Host::program());
    command.args(["run", "host", "--", "sh", "-c", LISTENER]);
    let running = Running::start(&mut command);
    let mut said = "ready\n".to_owned();
    for (signal, word) in [
        (Signal::INT, "int\n"),
        (Signal::HUP, "hup\n"),
        (Signal::QUIT, "quit\n"),
        (Signal::USR1, "usr1\n"),
        (Signal::USR2, "usr2\n"),
    ] {
        running.await_output(&said);
        running.signal(signal);
        said += word;
    }
    running.await_output(&said);
    running.signal(Signal::TERM);
    let finished = running.finish();
    assert_eq!(finished.out, said + "term\n");
    assert_eq!(finished.code(), Some(42), "{}", finished.err);
}

#[test]
fn a_signal_that_kills_the_command_is_told_by_the_exit_code() {
    let host = Host::new();
    let running = start_in_guest(&host, "echo ready; exec sleep 60");
    running.await_output("ready\n");
    running.signal(Signal::TERM);
    let finished = running.finish();
    assert_eq!(finished.code(), Some(128 + 15), "{}", finished.err);
    await_that("no instance is left", Duration::from_secs(5), || {
        instances(&host).is_empty()
    });
}

#[test]
fn a_signal_that_vm_test_was_started_to_ignore_is_not_passed_on_and_the_command_ignores_none() {
    let host = Host::new();
    let mut command = Command::new("sh");
    host.adopt(&mut command);
    let script = "trap '' HUP USR1; exec \"$VM_TEST_BIN\" run host -- sh -c \
        'trap \"echo hup\" HUP; echo ready; read line; grep SigIgn /proc/self/status'";
    let mut running = Running::start(command.args(["-c", script]));
    running.await_output("ready\n");
    running.signal(Signal::HUP);
    writeln!(running.input(), "go on").unwrap();
    let finished = running.finish();
    let set = finished.out.strip_prefix("ready\nSigIgn:\t");
    let set = set.and_then(|set| u64::from_str_radix(set.trim_end(), 16).ok());
    // Above 31 are the C library's own.
    let classic = set.expect("nothing but a line of /proc/self/status") & 0x7fff_ffff;
    assert_eq!(classic, 0, "{}", finished.out);
    assert_eq!(finished.code(), Some(0), "{}", finished.err);
}

#[test]
fn when_vm_test_is_killed_no_instance_is_left() {
    let host = Host::new();
    let running = start_in_guest(&host, "sleep 60 & exec sleep 60");
    let keeper = instances(&host)[0]["keeper"].to_string();
    running.signal(Signal::KILL);
    assert_eq!(running.finish().code(), None);
    await_that("no instance is left", Duration::from_secs(5), || {
        instances(&host).is_empty()
    });
    assert!(!std::path::Path::new("/proc").join(keeper).exists());
}
