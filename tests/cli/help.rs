//! Help, completions, colours, and readers that leave early. No guest is started.

use std::process::Command;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, vm_test};
use vm_test_tests::terminal::Terminal;

const COMMANDS: [&str; 9] = [
    "run",
    "runner",
    "shell",
    "ps",
    "skipped",
    "stop",
    "gc",
    "doctor",
    "completions",
];

#[test]
fn the_help_of_the_root_leads_to_everything() {
    let host = Host::new();
    let help = vm_test(&host, &["--help"]);
    assert_eq!(help.code(), Some(0));
    for command in COMMANDS {
        assert!(help.out.contains(&format!("\n  {command} ")), "{command}");
        assert!(
            help.out.contains(&format!("vm-test {command}")),
            "{command}"
        );
    }
    for word in [
        "#[on_vm]",
        "vm-test.toml",
        "VM_TEST_BIN",
        "VM_TEST_RUNTIME_DIR",
        "VM_TEST_IDLE_SECONDS",
        "VM_TEST_MEMORY_BUDGET",
        "VM_TEST_CPU_BUDGET",
        "NO_COLOR",
        "EXIT CODES",
        "_RUNNER='vm-test runner host'",
        "VM_TEST_MISSING",
    ] {
        assert!(help.out.contains(word), "{word} is not in {}", help.out);
    }
    assert!(!help.out.contains("daemon --"), "{}", help.out);
}

#[test]
fn the_help_of_every_command_says_what_it_does_and_has_an_example_of_it() {
    let host = Host::new();
    for command in COMMANDS {
        let help = vm_test(&host, &[command, "--help"]);
        assert_eq!(help.code(), Some(0), "{command}");
        let (about, examples) = help.out.split_once("\nEXAMPLES\n").expect(command);
        assert!(about.lines().next().is_some_and(|line| line.len() > 20));
        let line = examples.lines().next().unwrap();
        assert!(line.contains(&format!("vm-test {command}")), "{line}");
        assert!(vm_test(&host, &[command, "-h"]).out.lines().count() > 3);
    }
}

#[test]
fn a_wrong_command_line_has_a_code_of_its_own() {
    let host = Host::new();
    for args in [
        &["docter"][..],
        &["ps", "--jsno"],
        &["completions", "dos"],
        &[],
    ] {
        let finished = vm_test(&host, args);
        assert_eq!(finished.code(), Some(2), "{args:?}");
        assert!(finished.err.contains("--help"), "{}", finished.err);
    }
    let finished = vm_test(&host, &["docter"]);
    assert!(
        finished
            .err
            .contains("a similar subcommand exists: 'doctor'"),
        "{}",
        finished.err
    );
}

#[test]
fn completions_are_scripts_that_know_every_command() {
    let host = Host::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = vm_test(&host, &["completions", shell]);
        assert_eq!(script.code(), Some(0), "{shell}");
        for command in COMMANDS {
            assert!(script.out.contains(command), "{shell} has no {command}");
        }
        assert!(!script.out.contains("serve"), "{shell} offers the daemon");
    }
    let script = vm_test(&host, &["completions", "bash"]).out;
    let complete = r#"COMP_WORDS=(vm-test do); COMP_CWORD=1
        function=$(complete -p vm-test | sed 's/.*-F \([^ ]*\) .*/\1/')
        $function vm-test do vm-test
        echo "${COMPREPLY[@]}""#;
    let mut bash = Command::new("bash");
    let finished = Running::start(bash.args(["-c", &format!("{script}\n{complete}")])).finish();
    assert_eq!(
        (finished.out.as_str(), finished.err.as_str()),
        ("doctor\n", "")
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let host = Host::new();
    for args in ["--help", "ps", "gc", "completions bash", "ps --json"] {
        let mut command = Command::new("bash");
        host.adopt(&mut command);
        let script = format!("\"$VM_TEST_BIN\" {args} | head -0; exit ${{PIPESTATUS[0]}}");
        let finished = Running::start(command.args(["-c", &script])).finish();
        assert_eq!(
            (finished.code(), finished.err.as_str()),
            (Some(0), ""),
            "{args}"
        );
    }
    let mut command = Command::new("bash");
    host.adopt(&mut command);
    let script = "\"$VM_TEST_BIN\" completions bash >/dev/full";
    let finished = Running::start(command.args(["-c", script])).finish();
    assert_eq!(finished.code(), Some(1));
    assert!(
        finished
            .err
            .starts_with("error: cannot write standard output: ")
    );
}

#[test]
fn only_terminals_get_colours_and_only_those_that_want_them() {
    let host = Host::new();
    let args = ["run", "nowhere", "--", "true"];
    let mut terminal = Terminal::with(&host, 24, 80, &args);
    assert_eq!(terminal.finish().code(), Some(125));
    terminal.await_words("cannot find guest");
    assert!(
        terminal.screen().contains('\x1b'),
        "{:?}",
        terminal.screen()
    );
    assert!(!vm_test(&host, &args).err.contains('\x1b'));
    let mut terminal = Terminal::without_colours(&host, &args);
    assert_eq!(terminal.finish().code(), Some(125));
    terminal.await_words("cannot find guest");
    assert!(
        !terminal.screen().contains('\x1b'),
        "{:?}",
        terminal.screen()
    );
}
