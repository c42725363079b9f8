//! `vm-test run`: exit codes, errors, and what the command finds of its caller's environment in the
//! guest.

use std::fs;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, in_guest, instances, start_in_guest, vm_test};

#[test]
fn the_exit_code_is_that_of_the_command() {
    let host = Host::new();
    for (script, code) in [
        ("true", 0),
        ("exit 3", 3),
        ("exit 255", 255),
        ("kill -TERM $$", 128 + 15),
        ("kill -KILL $$", 128 + 9),
    ] {
        let finished = in_guest(&host, script);
        assert_eq!(finished.code(), Some(code), "{script}: {}", finished.err);
        assert_eq!(finished.err, "", "{script}");
    }
}

#[test]
fn a_command_that_is_not_there_or_no_program_has_the_code_that_shells_give_it() {
    let host = Host::new();
    for (command, code) in [
        ("no-such-command", 127),
        ("./no/such/command", 127),
        ("/etc/passwd", 126),
        ("/etc", 126),
    ] {
        let finished = vm_test(&host, &["run", "host", "--", command]);
        assert_eq!(finished.code(), Some(code), "{command}: {}", finished.err);
        let words = format!("error: cannot run the command in guest `host`: {command}: ");
        assert!(finished.err.starts_with(&words), "{}", finished.err);
    }
}

#[test]
fn a_script_whose_interpreter_is_missing_cannot_be_executed() {
    use std::os::unix::fs::PermissionsExt;
    let host = Host::new();
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    let script = dir.path().join("script");
    fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let finished = vm_test(&host, &["run", "host", "--", script.to_str().unwrap()]);
    assert_eq!(finished.code(), Some(126), "{}", finished.err);
    assert!(
        finished
            .err
            .contains("its loader or interpreter is not in the guest"),
        "{}",
        finished.err
    );
}

#[test]
fn what_vm_test_itself_cannot_do_is_125_with_the_cause_and_the_cure() {
    let host = Host::new();
    let table: &[(&[&str], &str, &str)] = &[
        (
            &["run", "nowhere", "--", "true"],
            "error: cannot find guest `nowhere`",
            "hint: the guests are `host`",
        ),
        (
            &["run", "hots", "--", "true"],
            "error: cannot find guest `hots`",
            "hint: did you mean `host`?",
        ),
        (
            &["run", "--image", "debain-12", "host", "--", "true"],
            "error: cannot use image `debain-12`: it is not in the store ",
            "hint: did you mean `debian-12`? If not, build it: vm-test image build debain-12",
        ),
        (
            &["attach", "host-0000-1", "--", "true"],
            "error: cannot attach to host-0000-1: there is no such instance",
            "hint: `vm-test ps` lists kept instances",
        ),
        (
            &["run", "../evil", "--", "true"],
            "error: cannot use \"../evil\" as the name of a guest",
            "hint: use 1 to 63 ASCII letters",
        ),
        (
            &["run", "--memory", "1M", "host", "--", "true"],
            "error: cannot use guest `host`: its memory of 1M is out of range",
            "hint: memory must be between 16M and 1T",
        ),
        (
            &["run", "--memory", "lots", "host", "--", "true"],
            "error: invalid value 'lots' for '--memory <SIZE>'",
            "write a number with a unit",
        ),
        (
            &["run", "--memroy", "1G", "host", "--", "true"],
            "error: unexpected argument '--memroy'",
            "a similar argument exists: '--memory'",
        ),
        (
            &["run", "--device", "/dev/sda", "host", "--", "true"],
            "error: cannot use guest `host`: there is no device \"/dev/sda\"",
            "hint: the devices are \"/dev/net/tun\"",
        ),
        (
            &["run", "--directory", "/no/such", "host", "--", "true"],
            "error: cannot run the command in guest `host`: the working directory /no/such",
            "is not in the guest",
        ),
        (
            &["run", "--env", "=x", "host", "--", "true"],
            "error: cannot set a variable without a name: --env \"=x\"",
            "hint: write --env NAME or --env NAME=VALUE",
        ),
        (
            &["run", "host", "true"],
            "error: unexpected argument 'true' found",
            "Usage: vm-test run",
        ),
        (
            &["shell"],
            "error: cannot open a shell: standard input and output are not a terminal",
            "hint: vm-test run host -- CMD",
        ),
    ];
    for (args, cause, cure) in table {
        let finished = vm_test(&host, args);
        assert_eq!(finished.code(), Some(125), "{args:?}: {}", finished.err);
        assert!(
            finished.err.starts_with(cause),
            "{args:?}: {}",
            finished.err
        );
        assert!(finished.err.contains(cure), "{args:?}: {}", finished.err);
    }
}

#[test]
fn a_command_without_enough_memory_is_killed_and_told_apart() {
    let host = Host::new();
    let script = "x=a; while :; do x=$x$x; done";
    let args = ["run", "--memory", "64M", "host", "--", "sh", "-c", script];
    let finished = vm_test(&host, &args);
    assert_eq!(finished.code(), Some(137), "{}", finished.err);
    assert!(
        finished
            .err
            .contains("error: guest `host` ran out of memory (64 MiB)"),
        "{}",
        finished.err
    );
    assert!(
        finished
            .err
            .contains("hint: give it more, as in --memory 128M")
    );
}

#[test]
fn files_that_take_the_memory_are_named_with_the_way_out() {
    let host = Host::new();
    let script = "head -c 40M /dev/zero >/file; x=a; while :; do x=$x$x; done";
    let args = ["run", "--memory", "64M", "host", "--", "sh", "-c", script];
    let finished = vm_test(&host, &args);
    assert_eq!(finished.code(), Some(137), "{}", finished.err);
    let (before, after) = finished.err.split_once(" MiB of it files)").expect("files");
    let (_, files) = before
        .split_once("error: guest `host` ran out of memory (64 MiB, ")
        .expect("the cause");
    let files: u64 = files.parse().expect("a number");
    assert!((40..64).contains(&files), "{files}");
    assert!(
        after.contains("hint: give it more, as in --memory 128M; files that a test writes"),
        "{after}"
    );
    assert!(after.contains("rollback = \"snapshot\""), "{after}");
}

#[test]
fn the_command_runs_in_this_directory_and_what_it_writes_there_vanishes() {
    let host = Host::new();
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    fs::write(dir.path().join("old"), "old").unwrap();
    let mut command = host.vm_test();
    command
        .args(["run", "host", "--", "sh", "-c"])
        .arg("pwd; cat old; echo new >old; echo new >new; cat new")
        .current_dir(dir.path());
    let finished = Running::start(&mut command).finish();
    let here = dir.path().canonicalize().unwrap();
    assert_eq!(finished.out, format!("{}\noldnew\n", here.display()));
    assert_eq!(fs::read_to_string(dir.path().join("old")).unwrap(), "old");
    assert!(!dir.path().join("new").exists());
}

#[test]
fn a_directory_that_the_guest_has_not_is_replaced_by_the_root_unless_it_was_asked_for() {
    let host = Host::new();
    let mut command = host.vm_test();
    command
        .args(["run", "host", "--", "pwd"])
        .current_dir(format!("/proc/{}", std::process::id()));
    assert_eq!(Running::start(&mut command).finish().out, "/\n");
    let mut command = host.vm_test();
    command
        .args(["run", "--directory", "bin", "host", "--", "sh", "-c", "pwd"])
        .current_dir("/usr");
    assert_eq!(Running::start(&mut command).finish().out, "/usr/bin\n");
}

#[test]
fn of_the_callers_variables_the_command_gets_those_that_are_named() {
    let host = Host::new();
    let mut command = host.vm_test();
    command
        .args([
            "run",
            "--env",
            "GIVEN=a=b",
            "--env",
            "PASSED",
            "--env",
            "UNSET",
        ])
        .args(["host", "--", "sh", "-c"])
        .arg("echo $GIVEN $PASSED ${SECRET-no secret} ${UNSET-unset} $HOME $USER $TERM")
        .env("PASSED", "on")
        .env("SECRET", "s3cret")
        .env("HOME", "/nowhere")
        .env("TERM", "vt100")
        .env_remove("UNSET");
    let finished = Running::start(&mut command).finish();
    assert_eq!(
        finished.out, "a=b on no secret unset /root root vt100\n",
        "{}",
        finished.err
    );
}

#[test]
fn guests_of_the_nearest_vm_test_toml_are_known_and_settings_are_over_it() {
    let host = Host::new();
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    let inner = dir.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let toml = "[guest.worker-1]\nmemory = \"96M\"\ntimeout = \"1ms\"\nenv = [\"NAMED\"]\n";
    fs::write(dir.path().join("vm-test.toml"), toml).unwrap();
    let script = "hostname; echo $NAMED; sleep 0.1";
    let mut command = host.vm_test();
    command
        .args(["run", "worker-1", "--", "sh", "-c", script])
        .env("NAMED", "value")
        .current_dir(&inner);
    // The time limit there is that of tests; a command has none unless it is given one.
    let finished = Running::start(&mut command).finish();
    assert_eq!(finished.out, "worker-1\nvalue\n", "{}", finished.err);
}

#[test]
fn the_command_is_told_which_guest_it_is_in_whatever_its_caller_says() {
    let host = Host::new();
    let script = "echo $VM_TEST_GUEST_NAME $VM_TEST_GUEST_BACKEND; echo $VM_TEST_GUEST_INSTANCE";
    let other = "VM_TEST_GUEST_NAME=other";
    let args = ["run", "host", "--env", other, "--", "sh", "-c", script];
    let finished = vm_test(&host, &args);
    let (identity, instance) = finished.out.split_once('\n').expect("two lines");
    assert_eq!(identity, "host lxc", "{}", finished.err);
    assert!(instance.starts_with("host-"), "{instance}");
}

#[test]
fn what_is_set_for_one_instance_is_what_it_gets() {
    let host = Host::new();
    let mut command = host.vm_test();
    command.args(["run", "host", "--memory", "96M", "--", "sleep", "60"]);
    let running = Running::start(&mut command);
    vm_test_tests::process::await_that("it is alive", std::time::Duration::from_secs(10), || {
        !instances(&host).is_empty()
    });
    assert_eq!(instances(&host)[0]["memory"], 96 << 20);
    drop(running);
}

#[test]
fn when_the_daemon_stops_the_command_ends_with_125_and_the_reason() {
    let host = Host::new();
    let running = start_in_guest(&host, "echo begun; sleep 60");
    // A command that has not begun would be taken over by another daemon.
    running.await_output("begun\n");
    assert_eq!(vm_test(&host, &["stop"]).code(), Some(0));
    let finished = running.finish();
    assert_eq!(finished.code(), Some(125));
    assert!(finished.err.starts_with("error: "), "{}", finished.err);
}
