//! Help, completions, colours, and readers that leave early. No guest is started.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, vm_test};
use vm_test_tests::terminal::Terminal;

/// Variables between the host and its agent, or between an agent and its test, which nobody sets by
/// hand.
const INTERNAL: [&str; 10] = [
    "VM_TEST_AHEAD",
    "VM_TEST_BOOT_TIMEOUT",
    "VM_TEST_CALL",
    "VM_TEST_CHANNEL",
    "VM_TEST_JOB",
    "VM_TEST_JOURNAL",
    "VM_TEST_MACHINE",
    "VM_TEST_MEMORY_LIMIT",
    "VM_TEST_STREAM",
    "VM_TEST_TEST",
];

/// Returns every command that is not hidden, as the program lists it.
fn commands(host: &Host) -> Vec<String> {
    let help = vm_test(host, &["--help"]).out;
    let (_, list) = help
        .split_once("\nCommands:\n")
        .expect("a list of commands");
    let (list, _) = list.split_once("\n\n").expect("its end");
    let names = list
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: Vec<_> = names
        .filter(|name| !name.is_empty() && *name != "help")
        .map(str::to_owned)
        .collect();
    assert!(names.len() >= 17, "{names:?}");
    names
}

/// Returns the names of variables in the sources that users install.
fn variables() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut names = BTreeSet::new();
    let mut places = vec![
        root.join("vm-test-executor/src"),
        root.join("vm-test-runtime/src"),
        root.join("vm-test-protocol/src"),
        root.join("vm-test-agent/src"),
        root.join("vm-test-sys/src"),
    ];
    while let Some(place) = places.pop() {
        if place.is_dir() {
            places.extend(fs::read_dir(&place).unwrap().map(|it| it.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&place).unwrap_or_default();
        let quoted = text.split('"').filter(|text| {
            let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
            text.len() > "VM_TEST_".len()
                && text.starts_with("VM_TEST_")
                && text.chars().all(is_name)
        });
        names.extend(quoted.map(str::to_owned));
    }
    names
}

#[test]
fn the_help_of_the_root_leads_to_everything() {
    let host = Host::new();
    let help = vm_test(&host, &["--help"]);
    assert_eq!(help.code(), Some(0));
    for command in commands(&host) {
        assert!(help.out.contains(&format!("\n  {command} ")), "{command}");
        assert!(
            help.out.contains(&format!("vm-test {command}")),
            "{command}"
        );
    }
    for word in [
        "#[on_vm]",
        "vm-test.toml",
        "WHAT COMES BACK",
        "NO_COLOR",
        "EXIT CODES",
        "_RUNNER='vm-test runner host'",
    ] {
        assert!(help.out.contains(word), "{word} is not in {}", help.out);
    }
    assert!(!help.out.contains("daemon --"), "{}", help.out);
}

#[test]
fn the_help_of_the_root_has_every_variable_that_is_read() {
    let host = Host::new();
    let help = vm_test(&host, &["--help"]).out;
    let variables = variables();
    for internal in INTERNAL {
        assert!(variables.contains(internal), "{internal} is read no more");
    }
    let public = variables
        .iter()
        .filter(|name| !INTERNAL.contains(&name.as_str()));
    for name in public {
        assert!(help.contains(name.as_str()), "{name} is not in {help}");
    }
    let listed = vm_test_runtime::variables::ALL
        .into_iter()
        .chain(vm_test_runtime::variables::OWN);
    let listed: BTreeSet<_> = listed.map(str::to_owned).collect();
    assert_eq!(variables, listed, "the list in the code and what is read");
}

#[test]
fn the_help_of_every_command_says_what_it_does_and_has_an_example_of_it() {
    let host = Host::new();
    for command in commands(&host) {
        let command = command.as_str();
        let help = vm_test(&host, &[command, "--help"]);
        assert_eq!(help.code(), Some(0), "{command}");
        let (about, examples) = help.out.split_once("\nEXAMPLES\n").expect(command);
        assert!(about.lines().next().is_some_and(|line| line.len() > 20));
        let example = format!("vm-test {command}");
        assert!(examples.contains(&example), "{examples}");
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
        for command in commands(&host) {
            assert!(script.out.contains(&command), "{shell} has no {command}");
        }
        assert!(!script.out.contains("--serve"), "{shell} offers the daemon");
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
