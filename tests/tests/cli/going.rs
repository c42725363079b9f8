//! Daemons that stop just when a client comes, that do not answer, or that have lost their files:
//! the client gets its guest from the next daemon, or is told which process is in the way.

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;
use vm_test_tests::process::{
    Finished, Running, await_that, in_guest, instances, start_in_guest, vm_test,
};

fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a process id");
    kill_process(pid, signal).expect("it is there");
}

fn daemon(host: &Host) -> Daemon {
    Daemon::of(host).expect("a daemon")
}

/// Returns the file of the host's only daemon with this extension.
fn file(host: &Host, end: &str) -> PathBuf {
    let entries = std::fs::read_dir(host.runtime()).expect("a runtime directory");
    let mut paths = entries.flatten().map(|entry| entry.path());
    let found = paths.find(|path| path.extension().is_some_and(|it| it == end));
    found.expect("a file of the daemon")
}

/// Starts a command in a guest and waits until it has begun.
fn begun_in_guest(host: &Host) -> Running {
    let running = start_in_guest(host, "echo begun; sleep 60");
    running.await_output("begun\n");
    running
}

#[track_caller]
fn assert_ran(finished: &Finished) {
    assert_eq!(
        (finished.code(), &*finished.out),
        (Some(0), "ran\n"),
        "{}",
        finished.err
    );
}

#[test]
fn whoever_comes_while_the_daemon_stops_gets_a_guest_of_the_next_one() {
    let host = Host::new();
    for round in 0..6 {
        assert_eq!(in_guest(&host, "true").code(), Some(0));
        let stop = Running::start(host.vm_test().arg("stop"));
        std::thread::sleep(Duration::from_millis(5 * round));
        assert_ran(&in_guest(&host, "echo ran"));
        let stopped = stop.finish();
        assert_eq!(stopped.code(), Some(0), "{}", stopped.err);
    }
}

#[test]
fn whoever_comes_after_a_signal_to_the_daemon_gets_a_guest_of_the_next_one() {
    let host = Host::new();
    for round in 0..6 {
        assert_eq!(in_guest(&host, "true").code(), Some(0));
        let old = daemon(&host);
        let which = [Signal::TERM, Signal::INT, Signal::KILL][round % 3];
        let (pid, wait) = (old.pid, Duration::from_millis(7 * round as u64));
        // Sometimes the kill comes between the connection and the answer.
        let killer = std::thread::spawn(move || {
            std::thread::sleep(wait);
            signal(pid, which);
        });
        if which != Signal::KILL {
            killer.join().unwrap();
            assert_ran(&in_guest(&host, "echo ran"));
        } else {
            let finished = in_guest(&host, "echo ran");
            killer.join().unwrap();
            // If the command had begun, it has died with its guest.
            let words = "error: the guest died, and the daemon that held it is gone too\n";
            assert!(
                finished.out == "ran\n" || finished.err == words,
                "{finished:?}"
            );
        }
        assert!(old.ends_within(Duration::from_secs(15)));
        assert!(vm_test(&host, &["ps"]).err.is_empty());
    }
}

#[test]
fn a_daemon_that_ends_for_idleness_fails_nobody() {
    let host = Host::new();
    for round in 0..10 {
        let mut command = host.vm_test();
        command.env("VM_TEST_IDLE_SECONDS", "0");
        let running = Running::start(command.args(["run", "host", "--", "echo", "ran"]));
        assert_ran(&running.finish());
        // It checks four times a second.
        std::thread::sleep(Duration::from_millis(40 * (round % 8)));
    }
}

#[test]
fn a_lease_that_waits_for_room_is_the_next_daemons_once_its_own_stops() {
    let host = Host::new();
    let limited = |args: &[&str]| {
        let mut command = host.vm_test();
        command.env("VM_TEST_MEMORY_BUDGET", "600");
        Running::start(command.args(["run", "host", "--", "sh", "-c"]).args(args))
    };
    let first = limited(&["echo begun; sleep 60"]);
    first.await_output("begun\n");
    let second = limited(&["echo ran"]);
    await_that("a lease waits", Duration::from_secs(20), || {
        vm_test(&host, &["ps", "--json"]).json()["daemons"][0]["waiting"] == 1
    });
    let stopped = vm_test(&host, &["stop"]);
    assert_eq!(stopped.code(), Some(0), "{}", stopped.err);
    assert_eq!(first.finish().code(), Some(125));
    assert_ran(&second.finish());
}

#[test]
fn a_daemon_that_is_stopped_by_a_signal_is_named_with_the_cures_and_goes_on_or_ends() {
    let host = Host::new();
    // When it goes on, it must not end for the time in which it was stopped and idle.
    let mut first = host.vm_test();
    first.env("VM_TEST_IDLE_SECONDS", "600");
    let first = Running::start(first.args(["run", "host", "--", "true"])).finish();
    assert_eq!(first.code(), Some(0), "{}", first.err);
    let pid = daemon(&host).pid;
    signal(pid, Signal::STOP);
    let words = format!(
        "process {pid} is stopped and does not answer\n\
         hint: `kill -CONT {pid}` resumes it; `kill -KILL {pid}` ends it and its instances\n"
    );
    let refused = in_guest(&host, "true");
    assert_eq!(refused.code(), Some(125));
    assert!(refused.err.ends_with(&words), "{}", refused.err);
    let listed = vm_test(&host, &["ps"]);
    assert_eq!(listed.code(), Some(1));
    assert!(listed.err.contains(&words), "{}", listed.err);
    signal(pid, Signal::CONT);
    assert_ran(&in_guest(&host, "echo ran"));
    let stopped = daemon(&host);
    assert_eq!(stopped.pid, pid);
    signal(pid, Signal::STOP);
    let finished = vm_test(&host, &["stop"]);
    assert_eq!(
        finished.out,
        format!("stopped the daemon (process {pid})\n"),
        "{}",
        finished.err
    );
    assert!(stopped.ends_within(Duration::from_secs(5)));
}

#[test]
fn a_daemon_that_is_stopped_while_a_lease_waits_for_it_is_named() {
    let host = Host::new();
    let mut command = host.vm_test();
    command.env("VM_TEST_CPU_BUDGET", "1");
    let begun = ["run", "host", "--", "sh", "-c", "echo begun; sleep 60"];
    let first = Running::start(command.args(begun));
    first.await_output("begun\n");
    let second = Running::start(host.vm_test().args(["run", "host", "--", "true"]));
    await_that("a lease waits", Duration::from_secs(20), || {
        vm_test(&host, &["ps", "--json"]).json()["daemons"][0]["waiting"] == 1
    });
    let pid = daemon(&host).pid;
    signal(pid, Signal::STOP);
    let finished = second.finish();
    assert_eq!(finished.code(), Some(125));
    let words = format!(
        "error: cannot lease guest `host`: the daemon does not answer: process {pid} is stopped"
    );
    assert!(finished.err.contains(&words), "{}", finished.err);
    signal(pid, Signal::CONT);
}

#[test]
fn a_daemon_whose_directory_was_removed_ends_and_leaves_the_next_ones_files_alone() {
    let host = Host::new();
    assert_eq!(in_guest(&host, "true").code(), Some(0));
    let first = daemon(&host);
    std::fs::remove_dir_all(host.runtime()).unwrap();
    let running = begun_in_guest(&host);
    let second = daemon(&host).pid;
    assert_ne!(first.pid, second);
    assert!(first.ends_within(Duration::from_secs(10)));
    assert_eq!(daemon(&host).pid, second);
    assert_ran(&in_guest(&host, "echo ran"));
    await_that("one instance is left", Duration::from_secs(10), || {
        instances(&host).len() == 1
    });
    // A daemon that has lost its directory ends when its last instance has ended.
    std::fs::remove_dir_all(host.runtime()).unwrap();
    let lost = Daemon::at(second).unwrap();
    assert!(!lost.ends_within(Duration::from_millis(700)));
    drop(running);
    assert!(lost.ends_within(Duration::from_secs(10)));
    assert!(!host.runtime().exists());
}

#[test]
fn whatever_is_in_the_place_of_a_daemons_file_is_named_and_blocks_nobody() {
    let host = Host::new();
    assert_eq!(in_guest(&host, "true").code(), Some(0));
    let files = ["lock", "log", "sock"].map(|end| file(&host, end));
    host.stop();
    let fifo = |path: &Path| mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0).unwrap();
    let directory = |path: &Path| std::fs::create_dir(path).unwrap();
    let link = |path: &Path| symlink("/dev/null", path).unwrap();
    for path in &files {
        for kind in ["a FIFO", "a directory", "a symbolic link"] {
            let mut builder = std::fs::DirBuilder::new();
            builder.mode(0o700).create(host.runtime()).unwrap();
            match kind {
                "a FIFO" => fifo(path),
                "a directory" => directory(path),
                _ => link(path),
            }
            let refused = in_guest(&host, "true");
            assert_eq!(refused.code(), Some(125), "{kind} at {}", path.display());
            let is_named = refused.err.contains(&path.display().to_string())
                && refused.err.contains(&format!(", found {kind}"));
            assert!(is_named, "{}", refused.err);
            for command in ["gc", "ps", "stop"] {
                let _ = vm_test(&host, &[command]);
            }
            assert!(path.symlink_metadata().is_ok(), "{kind} was removed");
            std::fs::remove_dir_all(host.runtime()).unwrap();
        }
    }
    assert_ran(&in_guest(&host, "echo ran"));
}
