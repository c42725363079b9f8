//! `vm-test doctor`: on a host that can run guests, and where something is missing.

use std::process::Command;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, vm_test};

/// The checks, in order.
const NAMES: [&str; 16] = [
    "kernel",
    "namespaces",
    "id maps",
    "liblxc",
    "qemu",
    "control groups",
    "memory",
    "runtime directory",
    "agent",
    "daemon",
    "overlay",
    "/dev/net/tun",
    "/dev/fuse",
    "loop",
    "network",
    "guest",
];

#[test]
fn every_check_has_a_line_and_what_is_wrong_has_its_consequence_and_cure() {
    let host = Host::new();
    let finished = vm_test(&host, &["doctor"]);
    assert_eq!(finished.code(), Some(0), "{}{}", finished.out, finished.err);
    let mut lines = finished.out.lines().peekable();
    for name in NAMES {
        let line = lines.next().unwrap_or_default();
        let (status, rest) = line.split_once("  ").unwrap_or_default();
        assert!(rest.starts_with(&format!("{name}: ")), "{}", finished.out);
        match status {
            "pass" => {}
            "warn" => {
                assert!(lines.next().unwrap().starts_with("      consequence: "));
                assert!(lines.next().unwrap().starts_with("      hint: "));
            }
            other => panic!("{name} is {other}: {}", finished.out),
        }
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn programs_get_the_same_as_json() {
    let host = Host::new();
    let finished = vm_test(&host, &["doctor", "--json"]);
    assert_eq!(finished.code(), Some(0), "{}", finished.out);
    let checks = finished.json();
    let checks = checks.as_array().unwrap();
    let names: Vec<_> = checks
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, NAMES);
    for check in checks {
        let keys: Vec<_> = check.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["consequence", "finding", "hint", "name", "status"]);
        let passed = check["status"] == "pass";
        assert_eq!(check["consequence"].is_null(), passed, "{check}");
        assert_eq!(check["hint"].is_null(), passed, "{check}");
    }
    let guest = checks.last().unwrap()["finding"].as_str().unwrap();
    assert!(guest.contains(" ran /bin/true "), "{guest}");
}

#[test]
fn a_missing_agent_is_named_with_its_cure() {
    let host = Host::new();
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    let lonely = dir.path().join("vm-test");
    // In a separate process: while this one writes a program, another test's child may hold it open
    // for writing.
    let copied = Command::new("cp")
        .arg(Host::program())
        .arg(&lonely)
        .status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(&lonely);
    let finished = Running::start(
        host.adopt(&mut command)
            .env("VM_TEST_BIN", &lonely)
            .arg("doctor"),
    )
    .finish();
    assert_eq!(finished.code(), Some(1), "{}", finished.out);
    let agent = format!(
        "fail  agent: cannot run {}-agent: No such file or directory (os error 2)\n      \
         consequence: no guest can be started, and every test on a guest fails\n      \
         hint: cargo install vm-test-executor",
        lonely.display()
    );
    assert!(finished.out.contains(&agent), "{}", finished.out);
    let daemon = format!(
        "fail  daemon: cannot start the daemon with {}: cannot find the agent",
        lonely.display()
    );
    assert!(finished.out.contains(&daemon), "{}", finished.out);
    assert!(finished.out.contains("\nfail  guest: "), "{}", finished.out);
}

#[test]
fn a_runtime_directory_that_others_may_write_to_is_refused_by_name() {
    use std::os::unix::fs::PermissionsExt;
    let host = Host::new();
    std::fs::create_dir(host.runtime()).unwrap();
    std::fs::set_permissions(host.runtime(), PermissionsExt::from_mode(0o777)).unwrap();
    let finished = vm_test(&host, &["doctor"]);
    assert_eq!(finished.code(), Some(1));
    let words = format!(
        "fail  runtime directory: cannot use the runtime directory {}: other users may write to it",
        host.runtime().display()
    );
    assert!(finished.out.contains(&words), "{}", finished.out);
    for command in ["ps", "stop", "gc"] {
        let finished = vm_test(&host, &[command]);
        assert_eq!(finished.code(), Some(1), "{command}");
        assert!(
            finished
                .err
                .starts_with("error: cannot use the runtime directory ")
        );
    }
    std::fs::remove_dir(host.runtime()).unwrap();
}

#[test]
fn a_host_that_forbids_user_namespaces_is_told_by_its_setting_and_the_cure() {
    let host = Host::new();
    // The setting belongs to the namespace in which it is written, and applies to all namespaces
    // made there.
    let on_such_a_host = |words: &[&str]| {
        let script = "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$0\" \"$@\"";
        let mut command = Command::new("unshare");
        host.adopt(&mut command)
            .args(["--user", "--map-root-user", "sh", "-c", script])
            .args(words);
        Running::start(&mut command).finish()
    };
    // A user who can have guests can make such a namespace.
    let tried = on_such_a_host(&["true"]);
    assert_eq!(tried.code(), Some(0), "{}", tried.err);
    let program = Host::program();
    let program = program.to_str().unwrap();
    let cannot = "cannot make the namespaces of a guest: No space left on device (os error 28)";
    let cure = "hint: sysctl -w user.max_user_namespaces=15000\n";
    let finished = on_such_a_host(&[program, "doctor"]);
    assert_eq!(finished.code(), Some(1), "{}", finished.out);
    let found = format!(
        "fail  namespaces: {cannot}\n      \
         consequence: no guest can be started, and every test on a guest fails\n      {cure}"
    );
    assert!(finished.out.contains(&found), "{}", finished.out);
}

#[test]
fn root_of_a_user_namespace_is_told_that_guests_are_not_supported_there_and_where_they_are() {
    let host = Host::new();
    let within = |args: &[&str]| {
        let mut command = Command::new("unshare");
        host.adopt(&mut command)
            .args(["--user", "--map-root-user"])
            .arg(Host::program())
            .args(args);
        Running::start(&mut command).finish()
    };
    let doctor = within(&["doctor"]);
    assert_eq!(doctor.code(), Some(1), "{}", doctor.out);
    let found =
        "fail  id maps: guests would have a single user: you are root only in a user namespace ";
    assert!(doctor.out.contains(found), "{}", doctor.out);
    assert!(doctor.out.contains("      hint: run vm-test outside of it"));
    assert!(!doctor.out.contains("vm-test doctor"), "{}", doctor.out);
    let run = within(&["run", "host", "--", "true"]);
    assert_eq!(run.code(), Some(125), "{}", run.err);
    let cause = "error: cannot start guest `host`: you are root only in a user namespace (as in ";
    assert!(run.err.starts_with(cause), "{}", run.err);
    assert!(
        run.err
            .contains("not supported here\nhint: run vm-test outside of it")
    );
}
