//! `vm-test debug`: one test on a real terminal, found by cargo or named by its binary.

use crate::{BACKENDS, PATIENCE, fixture};
use std::process::Command;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::process::{Finished, Running, await_that};
use vm_test_tests::terminal::Terminal;

/// Returns a terminal with `vm-test debug` on it, in the fixture's directory.
fn debug(host: &Host, fixture: &Fixture, args: &[&str]) -> Terminal {
    let args: Vec<_> = ["debug"].iter().chain(args).copied().collect();
    Terminal::start(host, (24, 200), &args, |command| {
        command
            .current_dir(fixture.directory())
            .env("CARGO_TARGET_DIR", fixture.target());
    })
}

/// Runs the same without a terminal.
fn debug_blindly(host: &Host, fixture: &Fixture, args: &[&str]) -> Finished {
    let mut command = host.vm_test();
    command
        .arg("debug")
        .args(args)
        .current_dir(fixture.directory())
        .env("CARGO_TARGET_DIR", fixture.target());
    Running::start(&mut command).finish()
}

#[test]
fn a_test_asks_on_the_terminal_and_shows_what_it_debugs() {
    let (fixture, host) = fixture();
    for backend in BACKENDS {
        let guest = format!("{backend}-plain");
        let test = format!("{backend}::asks");
        for (keys, answer, code) in [
            ("ab\r", "line.trim().repeat(2) = \"abab\"", 0),
            ("cd\r", "line.trim().repeat(2) = \"cdcd\"", 101),
        ] {
            let mut terminal = debug(&host, &fixture, &[&guest, "--", &test]);
            terminal.await_words(&format!("vm-test: `{test}` of "));
            terminal.await_words("what is it?\r\n");
            terminal.type_keys(keys);
            terminal.await_words(answer);
            assert_eq!(
                terminal.finish().code(),
                Some(code),
                "{}",
                terminal.screen()
            );
            assert!(terminal.is_as_before(), "the terminal was not put back");
        }
    }
}

#[test]
fn the_test_can_be_started_below_another_program() {
    let (fixture, host) = fixture();
    let finished = debug_blindly(
        &host,
        &fixture,
        &[
            "lxc-plain",
            "--under",
            "timeout --verbose 1",
            "--",
            "lxc::waits_to_be_killed",
        ],
    );
    assert_eq!(finished.code(), Some(124), "{finished:?}");
    assert!(
        finished.out.contains("ready to be killed\n"),
        "{finished:?}"
    );
}

#[test]
fn a_debugger_on_the_host_stops_in_the_body_of_a_test() {
    let (fixture, host) = fixture();
    let args = ["--under", "gdbserver :2345", "--", "counts_letters"];
    let mut command = host.vm_test();
    command
        .args(["debug", "lxc-debugged"])
        .args(args)
        .current_dir(fixture.directory())
        .env("CARGO_TARGET_DIR", fixture.target());
    let running = Running::start(&mut command);
    let listens = || running.errors_so_far().contains("Listening on port 2345");
    await_that("the debugger's server listens", 3 * PATIENCE, listens);
    let told = running.errors_so_far();
    let after = |words: &str| told.split_once(words).expect("a place").1;
    let place = after(" is at ").split(' ').next().expect("a port");
    let binary = after("`counts_letters` of ").split(' ').next();
    let target = format!("target remote {place}");
    let mut gdb = Command::new("gdb");
    // Its own settings and what it may ask on a terminal are no part of this.
    gdb.args([
        "-batch",
        "-nx",
        "-ex",
        &target,
        "-ex",
        "break debugged.rs:10",
    ]);
    gdb.args(["-ex", "continue", "-ex", "continue"]);
    let output = gdb.arg(binary.expect("a binary")).output();
    let shown = text_of(&output.expect("gdb starts"));
    for words in [
        " hit Breakpoint 1, debugged::counts_letters::{",
        " () at tests/debugged.rs:10\n",
        "exited normally",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let finished = running.finish();
    assert_eq!(finished.code(), Some(0), "{finished:?}");
}

#[test]
fn a_binary_that_is_named_is_not_looked_for() {
    let (fixture, host) = fixture();
    let found = debug_blindly(&host, &fixture, &["lxc-plain", "--", "lxc::passes"]);
    assert_eq!(found.code(), Some(0), "{found:?}");
    let (_, rest) = found
        .err
        .split_once("`lxc::passes` of ")
        .expect("its binary");
    let (binary, _) = rest.split_once(" in instance ").expect("its instance");
    let mut command = host.vm_test();
    command
        .args(["debug", "lxc-plain", "--", binary, "lxc::passes"])
        .current_dir(fixture.directory())
        // Without cargo, too.
        .env("CARGO", "/nowhere/cargo");
    let named = Running::start(&mut command).finish();
    assert_eq!(named.code(), Some(0), "{named:?}");
    assert!(named.out.contains("all is well\n"), "{named:?}");
}

#[test]
fn a_test_that_is_not_there_is_answered_with_the_one_that_is_meant() {
    let (fixture, host) = fixture();
    for (name, hint) in [
        ("passes", "::passes`?\n"),
        ("lxc::passed", "hint: did you mean `lxc::passes`?\n"),
        (
            "nothing_like_it",
            "hint: `cargo test -- --list` lists them\n",
        ),
    ] {
        let refused = debug_blindly(&host, &fixture, &["lxc-plain", "--", name]);
        assert_eq!(refused.code(), Some(125), "{refused:?}");
        assert!(
            refused
                .err
                .contains(&format!("error: cannot find the test `{name}`: ")),
            "{refused:?}"
        );
        assert!(refused.err.ends_with(hint), "{refused:?}");
    }
}

#[test]
fn a_binary_with_a_harness_of_its_own_is_not_started_to_be_asked() {
    let (fixture, host) = fixture();
    let place = tempfile::tempdir().expect("a directory");
    let trace = place.path().join("trace");
    let mut command = host.vm_test();
    command
        .args(["debug", "lxc-plain", "--", "lxc::passes"])
        .current_dir(fixture.directory())
        .env("CARGO_TARGET_DIR", fixture.target())
        .env("KEEPING_TRACE", &trace);
    let finished = Running::start(&mut command).finish();
    assert_eq!(finished.code(), Some(0), "{finished:?}");
    assert!(!trace.exists(), "{finished:?}");
    let remark = finished
        .err
        .lines()
        .find(|line| line.starts_with("vm-test: not asked for their tests, "));
    assert!(
        remark.is_some_and(|line| line.contains("/own-")),
        "{finished:?}"
    );
}
