//! Labs that are started on the command line without a test: listed, entered, drawn, ended.

use super::PATIENCE;
use std::io::Write;
use std::time::Duration;
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Finished, Running, await_that, instances, vm_test};

/// How long a lab that is held for a second may be there at most.
const BRIEFLY: Duration = Duration::from_secs(30);

/// What a file begins with that Wireshark reads, with times in nanoseconds.
const PCAP: [u8; 4] = [0x4d, 0x3c, 0xb2, 0xa1];

/// Runs a command on labs in the workspace of the fixture.
fn lab(host: &Host, fixture: &Fixture, args: &[&str]) -> Finished {
    let mut command = host.vm_test();
    command.arg("lab").args(args);
    Running::start(command.current_dir(fixture.directory())).finish()
}

#[test]
fn a_lab_is_started_listed_entered_and_ended_without_a_test() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let before = Census::take(&host);
    let up = lab(&host, &fixture, &["up", "office", "--for", "10m"]);
    assert_eq!(up.code(), Some(0), "{up:?}");
    assert!(up.err.contains("vm-test: node gw runs after "), "{up:?}");
    let row = up.out.lines().find(|line| line.starts_with("gw "));
    let row = row.unwrap_or_else(|| panic!("{up:?}"));
    assert!(row.ends_with("lan=10.213.1.1 wan=10.213.2.1"), "{row}");
    assert!(up.out.contains(" is held for 10m, "), "{up:?}");
    let listed = lab(&host, &fixture, &["ls", "--json"]).json();
    let own = listed[0]["lab"].as_str().expect("a name").to_owned();
    assert!(up.out.contains(&format!("lab shell {own} gw\n")), "{up:?}");
    assert_eq!(listed[0]["name"], "office");
    let left = listed[0]["kept"]["expires_in_ms"].as_u64();
    assert!(left.is_some_and(|left| left > 500_000), "{listed}");
    let nodes = listed[0]["nodes"].as_array().expect("a list");
    let names: Vec<_> = nodes.iter().map(|node| &node["node"]).collect();
    assert_eq!(names, ["gw", "a", "b", "far"], "there is no driver");
    let table = lab(&host, &fixture, &["ls"]).out;
    assert_eq!(table.lines().count(), 5, "{table}");
    assert!(table.contains("  9m left  far  "), "{table}");
    // Both names will do.
    for name in ["office", &own] {
        let script = ["sh", "-c", "ping -c1 -w5 gw >/dev/null && hostname"];
        let answer = lab(
            &host,
            &fixture,
            &[&["exec", name, "a", "--"], &script[..]].concat(),
        );
        assert_eq!(
            (answer.code(), &*answer.out),
            (Some(0), "a\n"),
            "{answer:?}"
        );
    }
    let directory = tempfile::tempdir().expect("a directory");
    let to = directory.path().to_str().expect("UTF-8");
    let captured = lab(
        &host,
        &fixture,
        &["pcap", "office", "lan", "--directory", to],
    );
    let file = directory.path().join(format!("{own}-lan.pcap"));
    assert_eq!(
        captured.out,
        format!("{}\n", file.display()),
        "{captured:?}"
    );
    let frames = std::fs::read(&file).expect("it is there");
    assert!(frames.starts_with(&PCAP), "{:?}", &frames[..4]);
    assert!(frames.len() > 500, "{} bytes", frames.len());
    let files = std::fs::read_dir(&directory).expect("it is there").count();
    assert_eq!(files, 1, "nothing else is left there");
    let ended = lab(&host, &fixture, &["down", "office"]);
    assert_eq!(ended.out, format!("ended lab {own}\n"), "{ended:?}");
    assert_eq!(lab(&host, &fixture, &["ls"]).out, "no labs\n");
    assert_eq!(
        lab(&host, &fixture, &["down", "--all"]).out,
        "no lab is held\n"
    );
    host.stop();
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

#[test]
fn a_command_on_a_node_has_its_streams_its_signals_and_its_exit_code() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let up = lab(&host, &fixture, &["up", "office"]);
    assert_eq!(up.code(), Some(0), "{up:?}");
    let script = "cat; echo err >&2; kill -TERM $$";
    let args = ["lab", "exec", "office", "b", "--", "sh", "-c", script];
    let mut running = Running::start(host.vm_test().args(args));
    let mut to = running.input();
    to.write_all(&vec![b'x'; 1 << 20]).unwrap();
    drop(to);
    let finished = running.finish();
    assert_eq!(finished.code(), Some(128 + 15), "{}", finished.err);
    assert_eq!((finished.bytes.len(), &*finished.err), (1 << 20, "err\n"));
    let missing = vm_test(
        &host,
        &["lab", "exec", "office", "b", "--", "no-such-program"],
    );
    assert_eq!(missing.code(), Some(127));
    // While somebody is on one node, others can be on the others.
    let script = "echo here; sleep 60";
    let args = ["lab", "exec", "office", "a", "--", "sh", "-c", script];
    let sleeping = Running::start(host.vm_test().args(args));
    sleeping.await_output("here\n");
    let listed = lab(&host, &fixture, &["ls"]).out;
    assert!(listed.contains("  attached  "), "{listed}");
    let other = vm_test(&host, &["lab", "exec", "office", "b", "--", "true"]);
    assert_eq!(other.code(), Some(0), "{other:?}");
    let second = vm_test(&host, &["lab", "exec", "office", "a", "--", "true"]);
    let words = "another session is already attached to it\n";
    assert!(second.err.ends_with(words), "{second:?}");
    sleeping.signal(rustix::process::Signal::TERM);
    assert_eq!(sleeping.finish().code(), Some(128 + 15));
}

#[test]
fn it_goes_when_its_time_is_up_and_the_daemon_not_before() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let mut command = host.vm_test();
    command
        .args(["lab", "up", "office", "--for", "2s"])
        .env("VM_TEST_IDLE_SECONDS", "0");
    let up = Running::start(command.current_dir(fixture.directory())).finish();
    assert_eq!(up.code(), Some(0), "{up:?}");
    let daemon = Daemon::of(&host).expect("it stays with the lab");
    assert!(daemon.ends_within(BRIEFLY), "the daemon stays");
}

#[test]
fn a_lab_whose_keeper_is_killed_is_held_no_longer() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let up = lab(&host, &fixture, &["up", "office"]);
    assert_eq!(up.code(), Some(0), "{up:?}");
    // The keepers of its nodes are below its own.
    let keeper = instances(&host)[0]["keeper"].as_u64().expect("a process");
    let keeper = u32::try_from(keeper).expect("a process id");
    let parents = vm_test_tests::process::parents();
    let above = parents[&keeper].cast_signed();
    let above = rustix::process::Pid::from_raw(above).expect("a process id");
    rustix::process::kill_process(above, rustix::process::Signal::KILL).expect("it is there");
    await_that("nothing is listed", PATIENCE, || {
        instances(&host).is_empty() && lab(&host, &fixture, &["ls"]).out == "no labs\n"
    });
    let status = vm_test(&host, &["ps", "--json"]).json();
    assert_eq!(status["daemons"][0]["memory_used"], 0);
}

#[test]
fn what_there_is_not_is_named_with_what_there_is() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let fail = |args: &[&str], code: i32, words: &str| {
        let finished = lab(&host, &fixture, args);
        assert_eq!(finished.code(), Some(code), "{finished:?}");
        assert!(finished.err.contains(words), "{words}: {finished:?}");
    };
    fail(&["up", "ofice"], 1, "hint: did you mean `office`?\n");
    fail(&["up"], 1, "cannot tell which lab is meant: there are ");
    fail(
        &["up", "office", "--for", "25h"],
        2,
        "it is from 1ms to 24h",
    );
    fail(
        &["exec", "office", "a", "--", "true"],
        125,
        "no such lab runs\nhint: ",
    );
    fail(&["exec", "office", "a"], 125, "Usage: ");
    fail(&["down"], 2, "Usage: ");
    fail(
        &["graph", "office", "--format", "png"],
        2,
        "svg, dot, mermaid",
    );
    assert_eq!(lab(&host, &fixture, &["up", "office"]).code(), Some(0));
    fail(
        &["exec", "office", "gv", "--", "true"],
        125,
        "there is no such node\nhint: did you mean `gw`?\n",
    );
    fail(
        &["shell", "office", "gw"],
        125,
        "are not a terminal\nhint: ",
    );
    fail(&["pcap", "office", "lam"], 1, "hint: did you mean `lan`?\n");
    fail(
        &["pcap", "office", "--directory", "/no"],
        1,
        "cannot write to /no: ",
    );
    assert_eq!(lab(&host, &fixture, &["up", "office"]).code(), Some(0));
    fail(
        &["down", "office"],
        1,
        "cannot tell which lab `office` is meant: office-",
    );
    let ended = lab(&host, &fixture, &["down", "--all"]).out;
    assert_eq!(ended.lines().count(), 2, "{ended}");
}

#[test]
fn a_lab_is_drawn_in_every_language_and_nothing_is_started_for_it() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let drawn = |args: &[&str]| {
        let finished = lab(&host, &fixture, &[&["graph", "office"], args].concat());
        assert_eq!(finished.code(), Some(0), "{finished:?}");
        finished.out
    };
    let svg = drawn(&[]);
    assert!(
        svg.starts_with("<?xml ") && svg.ends_with("</svg>\n"),
        "{svg}"
    );
    assert_eq!(svg, drawn(&["--format", "svg"]));
    assert!(drawn(&["--format", "dot"]).starts_with("graph \"office\" {\n"));
    assert!(drawn(&["--format", "mermaid"]).starts_with("flowchart TB\n"));
    assert!(!host.has_daemon());
}
