//! `vm-test ps`, `stop` and `gc`: what they report about daemons that live, that were killed, and
//! that never existed.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use vm_test_protocol::daemon::{Greeting, Welcome};
use vm_test_protocol::{PROTOCOL, frame};
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;
use vm_test_tests::process::{
    Running, await_that, in_guest, instances, of_this_host, start_in_guest, vm_test,
};

/// Returns the process id of the host's only daemon.
fn daemon(host: &Host) -> i32 {
    let listed = vm_test(host, &["ps", "--json"]).json();
    let pid = listed["daemons"][0]["pid"].as_i64().expect("a daemon");
    i32::try_from(pid).expect("a process id")
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is there");
}

#[test]
fn without_a_daemon_nothing_is_listed_stopped_removed_or_started() {
    let host = Host::new();
    for (command, words) in [
        ("ps", "no instances\n"),
        ("stop", "no daemon is running\n"),
        ("gc", "nothing to remove\n"),
    ] {
        let finished = vm_test(&host, &[command]);
        assert_eq!(finished.code(), Some(0), "{command}: {}", finished.err);
        assert_eq!(of_this_host(&finished.out), words);
        assert!(!host.runtime().exists(), "{command} made the directory");
    }
}

#[test]
fn an_instance_is_listed_with_all_that_is_known_of_it() {
    let host = Host::new();
    let running = start_in_guest(&host, "sleep 60");
    let instance = instances(&host).remove(0);
    assert_eq!(instance["guest"], "host");
    assert_eq!(instance["purpose"], "vm-test run: sh -c sleep 60");
    assert_eq!(instance["holder"], running.pid());
    assert_eq!(instance["memory"], 512 << 20);
    assert!(instance["description"].as_str().unwrap().starts_with("lxc"));
    let keeper = instance["keeper"].as_u64().unwrap();
    assert!(Path::new("/proc").join(keeper.to_string()).exists());
    let name = instance["instance"].as_str().unwrap();
    let listed = vm_test(&host, &["ps"]);
    let lines: Vec<_> = listed.out.lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        [
            "INSTANCE", "GUEST", "AGE", "KEPT", "MEMORY", "HOLDER", "KEEPER", "WHAT", "PURPOSE"
        ]
    );
    assert!(lines[1].starts_with(name), "{}", listed.out);
    assert!(
        lines[1].ends_with("vm-test run: sh -c sleep 60"),
        "{}",
        listed.out
    );
    assert!(
        lines[2].starts_with(&format!("daemon {}: 512 MiB of ", daemon(&host)))
            && lines[2].ends_with(" of memory reserved, no lease waits"),
        "{}",
        listed.out
    );
}

#[test]
fn a_lease_that_waits_is_counted() {
    let host = Host::new();
    // The first one starts the daemon, which reads the budget.
    let mut first = host.vm_test();
    first
        .args(["run", "host", "--", "sleep", "60"])
        .env("VM_TEST_MEMORY_BUDGET", "600");
    let first = Running::start(&mut first);
    await_that("an instance is alive", Duration::from_secs(10), || {
        !instances(&host).is_empty()
    });
    let second = Running::start(host.vm_test().args(["run", "host", "--", "echo", "ran"]));
    await_that("a lease waits", Duration::from_secs(10), || {
        vm_test(&host, &["ps", "--json"]).json()["daemons"][0]["waiting"] == 1
    });
    assert!(
        vm_test(&host, &["ps"])
            .out
            .contains("600 MiB of memory reserved, 1 lease waits")
    );
    drop(first);
    assert_eq!(second.finish().out, "ran\n");
}

#[test]
fn stop_ends_instances_and_leaves_neither_process_nor_file() {
    let host = Host::new();
    let running = start_in_guest(&host, "echo begun; sleep 60");
    // A command that has not begun would be taken over by another daemon.
    running.await_output("begun\n");
    let (daemon, keeper) = (daemon(&host), instances(&host)[0]["keeper"].to_string());
    let finished = vm_test(&host, &["stop"]);
    assert_eq!(finished.code(), Some(0), "{}", finished.err);
    assert_eq!(
        finished.out,
        format!("stopped the daemon (process {daemon})\n")
    );
    for process in [daemon.to_string(), keeper] {
        // A zombie remains until its parent, init, has waited for it.
        await_that("it is gone", Duration::from_secs(5), || {
            !Path::new("/proc").join(&process).exists()
        });
    }
    assert!(!host.runtime().exists());
    assert_eq!(running.finish().code(), Some(125));
}

#[test]
fn gc_removes_what_a_killed_daemon_left_and_then_finds_nothing() {
    let host = Host::new();
    assert_eq!(in_guest(&host, "true").code(), Some(0));
    await_that("no instance is left", Duration::from_secs(5), || {
        instances(&host).is_empty()
    });
    kill(daemon(&host));
    await_that("the daemon is dead", Duration::from_secs(5), || {
        instances(&host).is_empty()
            && vm_test(&host, &["ps", "--json"]).json()["daemons"] == serde_json::json!([])
    });
    // As if a daemon had been killed before it listened.
    std::fs::write(host.runtime().join("dead.lock"), "").unwrap();
    let finished = vm_test(&host, &["gc"]);
    assert_eq!(finished.code(), Some(0), "{}", finished.err);
    assert_eq!(
        of_this_host(&finished.out),
        "removed 4 files of killed daemons (sockets, locks, logs)\n"
    );
    assert!(!host.runtime().exists());
    let finished = vm_test(&host, &["gc"]);
    assert_eq!(of_this_host(&finished.out), "nothing to remove\n");
    let swept = vm_test(&host, &["gc", "--json"]).json();
    assert_eq!(
        (&swept["files"], &swept["loop_devices"]),
        (&0.into(), &0.into())
    );
    assert!(swept["groups"].is_u64());
}

#[test]
fn gc_and_ps_leave_a_living_daemon_and_its_instances_alone() {
    let host = Host::new();
    let mut running = start_in_guest(&host, "cat");
    let before = daemon(&host);
    let finished = vm_test(&host, &["gc"]);
    assert_eq!(of_this_host(&finished.out), "nothing to remove\n");
    assert_eq!((daemon(&host), instances(&host).len()), (before, 1));
    std::io::Write::write_all(&mut running.input(), b"still here\n").unwrap();
    assert_eq!(running.finish().out, "still here\n");
}

#[test]
fn a_daemon_that_was_killed_takes_its_instances_with_it_and_the_command_says_so() {
    let host = Host::new();
    let running = start_in_guest(&host, "echo ready; sleep 60");
    running.await_output("ready\n");
    kill(daemon(&host));
    let finished = running.finish();
    assert_eq!(finished.code(), Some(125));
    assert_eq!(
        finished.err,
        "error: the guest died, and the daemon that held it is gone too\n"
    );
    // The next lease finds a dead daemon's socket and is not affected by it.
    assert_eq!(in_guest(&host, "echo again").out, "again\n");
}

#[test]
fn the_daemon_holds_nothing_open_that_whoever_started_it_had_open() {
    let host = Host::new();
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let mut command = Command::new("sh");
    // The shell has the pipe as a descriptor that nothing else uses, like a file that it has
    // locked.
    let script = "exec 9>&0 </dev/null && exec \"$0\" run host -- true";
    let status = host
        .adopt(&mut command)
        .args(["-c", script])
        .arg(Host::program())
        .stdin(Stdio::from(writer))
        .status()
        .unwrap();
    // The command still holds the other end.
    drop(command);
    assert!(status.success());
    assert!(Daemon::of(&host).is_some(), "the daemon is gone already");
    let mut ends = [PollFd::new(&reader, PollFlags::empty())];
    let patience = Timespec {
        tv_sec: 5,
        tv_nsec: 0,
    };
    let ended = poll(&mut ends, Some(&patience)).unwrap();
    assert_eq!(ended, 1, "somebody still holds the pipe");
    assert!(Daemon::of(&host).is_some(), "it ended with the daemon");
}

#[test]
fn a_daemon_that_speaks_another_protocol_is_named_with_both_numbers_and_the_cure() {
    let host = Host::new();
    assert_eq!(in_guest(&host, "true").code(), Some(0));
    let entries = std::fs::read_dir(host.runtime()).unwrap().flatten();
    let mut sockets = entries.map(|entry| entry.path());
    let socket = sockets.find(|path| path.extension().is_some_and(|end| end == "sock"));
    let socket = socket.expect("the daemon's socket");
    Daemon::of(&host).unwrap().terminate();
    std::fs::create_dir_all(host.runtime()).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let other = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let greeting: Greeting = frame::read(&stream).unwrap().unwrap();
        assert_eq!(greeting.protocol, PROTOCOL);
        let welcome = Welcome {
            protocol: PROTOCOL + 1,
            pid: 1,
        };
        frame::write(&stream, &welcome).unwrap();
    });
    let refused = in_guest(&host, "true");
    other.join().unwrap();
    std::fs::remove_file(&socket).unwrap();
    assert_eq!(refused.code(), Some(125));
    assert_eq!(
        refused.err,
        format!(
            "error: cannot reach the daemon at {}: it speaks protocol {} and this program speaks {PROTOCOL}; \
             use the same version of the crate vm-test and of the program vm-test\n\
             hint: `vm-test doctor` helps to find the reason, `vm-test gc` removes what a dead daemon left\n",
            socket.display(),
            PROTOCOL + 1
        )
    );
}
