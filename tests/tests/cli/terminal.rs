//! What a command in a guest finds of the user's terminal.

use std::time::Duration;
use vm_test_tests::host::Host;
use vm_test_tests::process::{await_that, instances};
use vm_test_tests::terminal::Terminal;

const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn the_command_has_a_terminal_of_the_same_size_that_follows_its_changes() {
    let host = Host::new();
    // The size is sent once more at the beginning, in case it changed before anything listened.
    let script = "tty; stty size; trap 'stty size' WINCH; echo ready; \
        until stty size | grep -q '40 120'; do sleep 0.05; done; sleep 0.2; echo end";
    let mut terminal = Terminal::with(&host, 31, 97, &["run", "host", "--", "sh", "-c", script]);
    terminal.await_words("ready\r\n");
    let screen = terminal.screen();
    assert!(screen.starts_with("/dev/pts/"), "{screen:?}");
    assert!(screen.contains("\r\n31 97\r\n"), "{screen:?}");
    terminal.resize(40, 120);
    terminal.await_words("40 120\r\n");
    terminal.await_words("end\r\n");
    assert!(terminal.finish().success());
}

#[test]
fn keys_go_to_the_command_and_ctrl_c_ends_it() {
    let host = Host::new();
    let script = "read line; echo got $line; trap 'echo interrupted; exit 7' INT; echo ready; \
        while :; do sleep 0.05; done";
    let mut terminal = Terminal::with(&host, 24, 80, &["run", "host", "--", "sh", "-c", script]);
    await_that("an instance is alive", PATIENCE, || {
        !instances(&host).is_empty()
    });
    terminal.type_keys("hello\r");
    terminal.await_words("got hello\r\n");
    terminal.await_words("ready\r\n");
    assert!(!terminal.is_as_before(), "it is the guest's now");
    terminal.type_keys("\x03");
    terminal.await_words("interrupted\r\n");
    assert_eq!(terminal.finish().code(), Some(7));
    assert!(terminal.is_as_before(), "it was not put back");
}

#[test]
fn the_terminal_is_put_back_when_the_instance_is_lost() {
    let host = Host::new();
    let args = ["run", "host", "--", "sh", "-c", "echo ready; sleep 60"];
    let mut terminal = Terminal::with(&host, 24, 80, &args);
    terminal.await_words("ready\r\n");
    assert!(!terminal.is_as_before());
    host.stop();
    assert_eq!(terminal.finish().code(), Some(125));
    assert!(terminal.is_as_before(), "it was not put back");
    terminal.await_words("error:");
}

#[test]
fn a_terminal_that_goes_away_takes_the_instance_with_it() {
    let host = Host::new();
    let args = [
        "run",
        "host",
        "--",
        "sh",
        "-c",
        "trap '' HUP; echo ready; sleep 60",
    ];
    let mut terminal = Terminal::with(&host, 24, 80, &args);
    terminal.await_words("ready\r\n");
    terminal.unplug();
    assert_eq!(terminal.finish().code(), Some(128 + 1));
    await_that("no instance is left", Duration::from_secs(5), || {
        instances(&host).is_empty()
    });
}

#[test]
fn all_that_is_written_to_the_terminal_comes_through() {
    let host = Host::new();
    let mut terminal = Terminal::with(&host, 24, 80, &["run", "host", "--", "seq", "100000"]);
    assert!(terminal.finish().success());
    terminal.await_words("\r\n100000\r\n");
    assert_eq!(terminal.screen().lines().count(), 100_000);
}

#[test]
fn without_a_terminal_at_both_ends_the_command_has_none() {
    let host = Host::new();
    let output = tempfile::NamedTempFile::new_in("/tmp").unwrap();
    let file = output.reopen().unwrap();
    let args = ["run", "host", "--", "tty"];
    let mut terminal = Terminal::start(&host, (24, 80), &args, |command| {
        command.stdout(file);
    });
    assert_eq!(terminal.finish().code(), Some(1));
    let text = std::fs::read_to_string(output.path()).unwrap();
    assert_eq!(text, "not a tty\n");
}
