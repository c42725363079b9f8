//! `vm-test shell`: a terminal, one line about the instance, the guest's shell.

use std::collections::BTreeSet;
use vm_test_tests::host::Host;
use vm_test_tests::terminal::Terminal;
use vm_test_tests::workshop::Workshop;

#[test]
fn a_shell_says_where_it_is_and_everything_is_rolled_back_when_it_ends() {
    let host = Host::new();
    let mut terminal = Terminal::with(&host, 24, 80, &["shell"]);
    terminal.await_words("vm-test: instance host-");
    terminal.await_words("everything is rolled back when you leave\r\n");
    let file = format!("/usr/vm-test-shell-{}", std::process::id());
    // Typed text is echoed, so the answer must differ from the question.
    terminal.type_keys(&format!(
        "echo new >{file}; echo user=$(id -u) at=$(hostname)\r"
    ));
    terminal.await_words("user=0 at=host\r\n");
    terminal.type_keys("exit 7\r");
    assert_eq!(terminal.finish().code(), Some(7));
    assert!(!std::path::Path::new(&file).exists());
}

#[test]
fn the_shell_is_the_one_that_is_asked_for() {
    let host = Host::new();
    let args = ["shell", "host", "--env", "SHELL=/bin/cat"];
    let mut terminal = Terminal::with(&host, 24, 80, &args);
    terminal.await_words("when you leave\r\n");
    terminal.type_keys("echo $((1 + 1))\r");
    // Once from the terminal, once from `cat`, and no answer.
    terminal.await_words("echo $((1 + 1))\r\necho $((1 + 1))\r\n");
    terminal.type_keys("\x04");
    assert!(terminal.finish().success());
}

#[test]
fn what_is_done_in_a_shell_becomes_an_image_if_that_is_asked_for() {
    let workshop = Workshop::new();
    workshop.recipe("tiny", "");
    workshop.run(&["image", "build", "tiny"]);
    let parent = workshop.layers("tiny").unwrap();
    let args = ["shell", "host", "--image", "tiny", "--commit", "mine"];
    let mut terminal = Terminal::start(&workshop.host, (24, 80), &args, |command| {
        command
            .current_dir(workshop.workspace())
            .env("VM_TEST_STORE", workshop.store());
    });
    terminal.await_words("what is written here becomes image `mine`\r\n");
    terminal.type_keys("echo kept > /etc/mine; rm /etc/origin; echo done=$((1 + 1))\r");
    terminal.await_words("done=2\r\n");
    // A shell's exit code is that of its last command and says nothing about the session.
    terminal.type_keys("exit 3\r");
    assert_eq!(terminal.finish().code(), Some(3));
    terminal.await_words("vm-test: image `mine` is ");
    let read = ["run", "host", "--image", "mine", "--", "cat", "/etc/mine"];
    assert_eq!(workshop.run(&read), "kept\n");
    let list = ["run", "host", "--image", "mine", "--", "ls", "/etc"];
    assert!(!workshop.run(&list).contains("origin"));
    // The parent is exactly what it was.
    assert_eq!(workshop.layers("tiny").unwrap(), parent);
    workshop.run(&["image", "verify", "tiny"]);
    workshop.run(&["image", "verify", "mine"]);
    assert_eq!(workshop.cleared(), BTreeSet::new());
}
