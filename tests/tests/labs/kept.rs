//! Labs whose tests have failed: kept with all nodes, each of which is entered by the command that
//! the failure names, through a real terminal.

use super::{LIMIT, PATIENCE, TUN};
use std::fs::File;
use vm_test_tests::census::Census;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, await_that, instances, vm_test};
use vm_test_tests::terminal::Terminal;

/// What keeps the labs of failed tests.
const KEEP: &[(&str, &str)] = &[("VM_TEST_KEEP", "on-failure")];

/// Runs a test of the fixture that fails; returns all that was written.
fn fail(fixture: &Fixture, host: &Host, test: &str, environment: &[(&str, &str)]) -> String {
    let group = Group {
        targets: &["--test=kept"],
        filters: &["--exact", test],
        environment,
        limit: LIMIT,
    };
    let outcome = group.run(fixture, host, Runner::CargoTest);
    assert_ne!(outcome.finished.code, Some(0), "{}", outcome.text());
    outcome.text()
}

/// Returns the commands that a failure names, without the program.
fn commands(text: &str) -> Vec<Vec<String>> {
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("vm-test:   "));
    let words = lines.map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>());
    words
        .map(|words| {
            assert!(words[0].ends_with("vm-test"), "{words:?}");
            words[1..].to_vec()
        })
        .collect()
}

/// Enters a node by a command of the failure, and finds what the test left there.
#[track_caller]
fn enter(host: &Host, command: &[String], node: &str, left: &str) {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let mut terminal = Terminal::with(host, 31, 97, &words);
    terminal.await_words("left it; the lab stays for ");
    // Typed text is echoed, so the answer must differ from the question.
    terminal.type_keys("echo at=$(hostname) as=$(id -u) found=$(cat /etc/left-by-test)\r");
    terminal.await_words(&format!("at={node} as=0 found={left}\r\n"));
    terminal.type_keys("echo size=$(stty size); exit 7\r");
    terminal.await_words("size=31 97\r\n");
    assert_eq!(terminal.finish().code(), Some(7));
    assert!(terminal.is_as_before(), "the terminal was not put back");
}

#[test]
fn each_node_of_a_failed_lab_is_entered_by_its_printed_command() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    fixture.build(&host);
    let before = Census::take(&host);
    let text = fail(&fixture, &host, "it_leaves_a_file_on_every_node", KEEP);
    let commands = commands(&text);
    let nodes: Vec<_> = commands.iter().map(|words| words[3].as_str()).collect();
    assert_eq!(nodes, ["gw", "a", "b", "far"], "{text}");
    for command in &commands {
        let node = command[3].as_str();
        enter(&host, command, node, node);
    }
    let lab = commands[0][2].as_str();
    assert_eq!(commands[0][..2], ["lab", "shell"]);
    // The nodes are still linked.
    let ping = ["lab", "exec", lab, "a", "--", "ping", "-c1", "-w5", "gw"];
    assert_eq!(vm_test(&host, &ping).code(), Some(0));
    let listed = instances(&host);
    assert_eq!(listed.len(), 4);
    assert!(
        listed.iter().all(|it| it["lab"]["lab"] == lab),
        "{listed:?}"
    );
    assert!(listed.iter().all(|it| !it["kept"].is_null()), "{listed:?}");
    let ended = vm_test(&host, &["lab", "down", lab]);
    assert_eq!(ended.out, format!("ended lab {lab}\n"), "{ended:?}");
    assert_eq!(instances(&host).len(), 0);
    host.stop();
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

#[test]
fn what_still_runs_on_a_node_is_stopped_for_inspection() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let text = fail(&fixture, &host, "it_ends_while_a_node_works", &[]);
    assert!(text.contains(" is kept for 5m; "), "{text}");
    let commands = commands(&text);
    let nodes: Vec<_> = commands.iter().map(|words| words[3].as_str()).collect();
    assert_eq!(nodes, ["gw", "a", "b", "far", "driver"], "{text}");
    let lab = commands[0][2].as_str();
    let state = "grep State: /proc/$(pgrep -f ends_while | head -n1)/status";
    let stopped = vm_test(&host, &["lab", "exec", lab, "a", "--", "sh", "-c", state]);
    assert!(stopped.out.contains("T (stopped)"), "{stopped:?}");
    enter(&host, &commands[1], "a", "a");
    // `rm` knows labs, too, and does not take one apart.
    let instance = instances(&host)[0]["instance"].clone();
    let instance = instance.as_str().expect("a name");
    let refused = vm_test(&host, &["rm", instance]);
    let hint = format!("hint: `vm-test lab down {lab}` ends the whole lab\n");
    assert!(refused.err.ends_with(&hint), "{refused:?}");
    let removed = vm_test(&host, &["rm", "--all"]);
    assert_eq!(removed.out, format!("ended lab {lab}\n"));
    assert_eq!(instances(&host).len(), 0);
    let status = vm_test(&host, &["ps", "--json"]).json();
    assert_eq!(status["daemons"][0]["memory_used"], 0);
}

#[test]
fn one_log_has_what_all_nodes_wrote_by_one_clock() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let test = "it_has_two_nodes_talk_in_turn";
    let text = fail(&fixture, &host, test, &[]);
    let named = text
        .lines()
        .find_map(|line| line.split_once("what all nodes wrote, by one clock: "));
    let (_, command) = named.unwrap_or_else(|| panic!("{text}"));
    let lab = command.split_once(" logs ").expect("the command").1;
    let shown = || {
        let mut command = host.vm_test();
        command.args(["logs", lab]).current_dir(fixture.directory());
        command.env("CARGO_TARGET_DIR", fixture.target());
        Running::start(&mut command).finish().out
    };
    // While the lab ends, and when its daemon is gone.
    let log = shown();
    host.stop();
    let title = format!("test {test} of package labs: panicked\n");
    let log = log.strip_prefix(&title).unwrap_or(&log);
    assert_eq!(shown(), title + log);
    let lines: Vec<Vec<&str>> = log
        .lines()
        .filter(|line| line.ends_with(" line"))
        .map(|line| line.splitn(3, ' ').map(str::trim).collect())
        .collect();
    let words: Vec<_> = lines.iter().map(|line| (line[1], line[2])).collect();
    let expected = [
        ("gw", "the first line"),
        ("a", "the second line"),
        ("b", "the third line"),
        ("a", "the fourth line"),
        ("gw", "the fifth line"),
    ];
    assert_eq!(words, expected, "{log}");
    assert!(lines.is_sorted_by_key(|line| line[0]), "{log}");
}

#[test]
fn a_lab_that_takes_more_than_what_is_kept_may_take_is_not_kept() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    // Room for the lab, of which half may be kept.
    let environment = [KEEP[0], ("VM_TEST_MEMORY_BUDGET", "1000")];
    let text = fail(
        &fixture,
        &host,
        "it_leaves_a_file_on_every_node",
        &environment,
    );
    let words = "vm-test: the lab is not kept: cannot keep gw-";
    assert!(text.contains(words), "{text}");
    assert!(text.contains("hint: `vm-test rm --all` ends all"), "{text}");
    await_that("the lab is gone", PATIENCE, || instances(&host).is_empty());
}

#[test]
fn a_vm_of_a_failed_lab_is_entered_like_a_container() {
    let (host, fixture) = (Host::new().with_shared_store(), Fixture::new("labs"));
    host.build_images(fixture.directory(), &["debian-12"]);
    let text = fail(&fixture, &host, "it_leaves_a_file_on_a_vm", KEEP);
    let mut device = File::options();
    if device.read(true).write(true).open(TUN).is_err() {
        // Such a lab does not start, and so cannot be kept.
        let hint = format!("hint: VMs in labs need {TUN}, which only root may open here");
        assert!(text.contains(&hint) && commands(&text).is_empty(), "{text}");
        return;
    }
    let commands = commands(&text);
    assert_eq!(commands.len(), 3, "{text}");
    enter(&host, &commands[0], "box", "box");
    enter(&host, &commands[1], "first", "first");
    // What its kernel says is in the lab's log, with the time.
    let lab = commands[0][2].as_str();
    let script = "echo '<0>it is the kernel' >/dev/kmsg";
    let told = vm_test(
        &host,
        &["lab", "exec", lab, "first", "--", "sh", "-c", script],
    );
    assert_eq!(told.code(), Some(0), "{told:?}");
    let mut log = String::new();
    await_that("the console is in the log", PATIENCE, || {
        log = vm_test(&host, &["logs", lab]).out;
        log.contains("it is the kernel")
    });
    let line = log.lines().find(|line| line.contains("it is the kernel"));
    let words: Vec<_> = line.expect("it is there").split_whitespace().collect();
    assert!(words[0].len() == 12 && words[1] == "first", "{words:?}");
}
