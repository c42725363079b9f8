//! Guests that boot with their image's own init: services in them, boots that fail, and what is
//! left of them. A user who cannot delegate a control group gets the same refusal everywhere, which
//! is then asserted instead.

mod kept;

use std::path::PathBuf;
use std::time::{Duration, Instant};
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::fixture::{Fixture, Run, Runner, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::patience;

/// How long a command may take that boots a guest.
const LIMIT: Duration = Duration::from_secs(120);

/// Returns a host with the images, and the fixture.
fn prepared(images: &[&str]) -> (Host, Fixture) {
    let host = Host::new().with_shared_store();
    let fixture = Fixture::new("system");
    host.build_images(fixture.directory(), images);
    (host, fixture)
}

/// Returns whether a daemon of this user can delegate a control group to a guest.
fn has_groups() -> bool {
    if rustix::process::getuid().is_root() {
        return true;
    }
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap();
    let own = own.lines().find_map(|line| line.strip_prefix("0::/"));
    let places = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(PathBuf::from);
    let place = places
        .iter()
        .find(|place| place.join("cgroup.controllers").is_file());
    place.zip(own).is_some_and(|(place, own)| {
        let procs = place.join(own).join("cgroup.procs");
        rustix::fs::access(&procs, rustix::fs::Access::WRITE_OK).is_ok()
    })
}

fn assert_refused(guest: &str, text: &str) {
    let message = format!(
        "error: cannot start guest `{guest}`: init = \"system\" needs a control group that the guest's init may manage, and this user can give none: "
    );
    let hint = "\nhint: stop the daemon and start it where systemd delegates a group to you (vm-test stop; systemd-run --user --scope -p Delegate=yes cargo test), or run the tests as root, or use backend = \"kvm\"\n";
    // nextest indents a test's output.
    let plain: String = text
        .lines()
        .map(|line| format!("{}\n", line.trim()))
        .collect();
    assert!(plain.contains(&message) && plain.contains(hint), "{text}");
}

/// Asserts that a test of the fixture passes, or is refused where it must be.
#[track_caller]
fn assert_passes(guest: &str, test: &str, run: &Run) {
    if has_groups() {
        assert!(run.success, "{test}: {}", run.text);
    } else {
        assert!(!run.success, "{test}: {}", run.text);
        assert_refused(guest, &run.text);
    }
}

/// Asserts that a test of the fixture fails with all these words, or is refused where it must be.
#[track_caller]
fn assert_fails(guest: &str, run: &Run, words: &[&str]) {
    assert!(!run.success, "{}", run.text);
    if !has_groups() {
        return assert_refused(guest, &run.text);
    }
    for words in words {
        assert!(run.text.contains(words), "{words}: {}", run.text);
    }
}

#[test]
fn a_killed_service_is_restarted_and_the_next_test_finds_it_fresh() {
    let (host, fixture) = prepared(&["debian-12-systemd"]);
    fixture.build(&host);
    for runner in [Runner::CargoTest, Runner::Nextest] {
        for test in [
            "systemd_restarts_a_service_that_was_killed",
            "the_next_test_finds_the_service_fresh",
            "orphans_go_to_the_init_and_are_reaped",
        ] {
            assert_passes("server", test, &fixture.run(&host, runner, test));
        }
    }
}

#[test]
fn a_unit_is_waited_for_until_it_is_active_or_has_failed() {
    let (host, fixture) = prepared(&["debian-12-systemd"]);
    fixture.build(&host);
    for test in [
        "a_unit_is_waited_for_until_it_is_active",
        "a_unit_that_fails_ends_the_wait_at_once_and_its_journal_is_shown",
    ] {
        assert_passes("server", test, &fixture.run(&host, Runner::Nextest, test));
    }
    let test = "without_an_init_no_unit_is_waited_for";
    let run = fixture.run(&host, Runner::Nextest, test);
    assert!(run.success, "{}", run.text);
    let run = fixture.run(&host, Runner::CargoTest, "a_wait_that_fails");
    let words = [
        "cannot see port 4711 open within 100ms: nothing listens there; listening: ",
        "\nvm-test: the last lines of the guest's console:\n  | ",
    ];
    assert_fails("server", &run, &words);
}

#[test]
fn a_test_finds_the_same_around_it_with_an_init_and_without() {
    let (host, fixture) = prepared(&["debian-12-systemd"]);
    fixture.build(&host);
    let around = |test: &str| {
        let mut command = fixture.cargo(&host, &["test", "--quiet"]);
        command.args(["--", "--exact", test, "--nocapture"]);
        let output = command.output().unwrap();
        let run = Run {
            success: output.status.success(),
            text: text_of(&output),
        };
        let lines = run.text.lines().filter(|line| line.starts_with("around: "));
        let lines: Vec<_> = lines.map(str::to_owned).collect();
        (run, lines)
    };
    let (run, without) = around("surroundings_without_an_init");
    assert!(run.success, "{}", run.text);
    assert!(
        without.contains(&"around: host server".to_owned()),
        "{without:#?}"
    );
    let (run, beside) = around("surroundings_beside_an_init");
    assert_passes("server", "surroundings_beside_an_init", &run);
    if run.success {
        assert_eq!(beside, without);
    }
}

#[test]
fn a_boot_that_fails_shows_the_last_lines_of_the_console() {
    let (host, fixture) = prepared(&[
        "debian-12-systemd",
        "system-degraded",
        "system-endless",
        "system-stillborn",
    ]);
    fixture.build(&host);
    let run = fixture.run(&host, Runner::CargoTest, "a_test_on_an_endless_boot");
    let words = [
        " of guest `endless`: it was not up within 10s: it is starting, and waits for: endless.service; failed units: wrong.service\n",
        "\nthe last lines of its console:\n  | ",
        "Failed to start wrong.service - Always wrong.\n",
    ];
    assert_fails("endless", &run, &words);
    let mut command = host.vm_test();
    command.current_dir(fixture.directory());
    let began = Instant::now();
    let run = patience::run(command.args(["run", "endless", "--", "true"]), LIMIT);
    assert_eq!(run.code, Some(125));
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    let mut command = host.vm_test();
    command.current_dir(fixture.directory());
    let run = patience::run(command.args(["run", "stillborn", "--", "true"]), LIMIT);
    assert_eq!(run.code, Some(125));
    let text = run.stderr.text();
    if has_groups() {
        let words = " died: its first process exited with code 3 before the test did\nthe last lines of its console:\n  | no root device\n";
        assert!(text.contains(words), "{text}");
    } else {
        assert_refused("stillborn", &text);
    }
    let run = fixture.run(&host, Runner::CargoTest, "a_degraded_system_is_up");
    assert_passes("degraded", "a_degraded_system_is_up", &run);
}

#[test]
fn a_guest_that_ends_before_its_test_says_how() {
    let (host, fixture) = prepared(&["debian-12-systemd"]);
    fixture.build(&host);
    let run = fixture.run(
        &host,
        Runner::CargoTest,
        "a_test_that_switches_the_guest_off",
    );
    let words = [
        " died: ",
        "\nthe last lines of its console:\n",
        "Powering off.\n",
    ];
    assert_fails("server", &run, &words);
    let run = fixture.run(&host, Runner::CargoTest, "a_test_that_kills_all_it_can");
    assert_fails(
        "server",
        &run,
        &[" died: a process in the guest killed its agent\n"],
    );
    let run = fixture.run(&host, Runner::CargoTest, "a_test_that_takes_too_long");
    assert_fails(
        "server",
        &run,
        &["the test did not end within 2s and was killed\n"],
    );
}

#[test]
fn what_cannot_boot_is_refused_by_name() {
    let (host, fixture) = prepared(&["debian-12-systemd"]);
    let dir = tempfile::tempdir_in(fixture.target().parent().unwrap()).unwrap();
    let table = "[guest.over-host]\ninit = \"system\"\n[guest.all]\nimage = \"debian-12-systemd\"\nprivileged = true\n";
    std::fs::write(dir.path().join("vm-test.toml"), table).unwrap();
    let words = |guest: &str| {
        let mut command = host.vm_test();
        command.current_dir(dir.path());
        let run = patience::run(command.args(["run", guest, "--", "true"]), LIMIT);
        assert_eq!(run.code, Some(125));
        run.stderr.text()
    };
    assert_eq!(
        words("over-host"),
        "error: cannot start guest `over-host`: init = \"system\" boots an image's own init, and this guest is over the host's root\nhint: use an image that has one, as in image = \"debian-12-systemd\", or init = \"agent\"\n"
    );
    let privileged = if rustix::process::getuid().is_root() {
        "error: cannot start guest `all`: init = \"system\" and privileged = true do not go together: the image's init would manage the host's control groups, devices and kernel settings\nhint: leave out privileged: root in the guest is root over all that is the guest's own\n"
    } else {
        "error: cannot start guest `all`: privileged = true needs root on the host, and this is an ordinary user\nhint: without privileged, root in the guest is root over all that is the guest's own\n"
    };
    assert_eq!(words("all"), privileged);
}

#[test]
fn nothing_is_left_of_a_booted_guest_even_when_the_daemon_is_killed() {
    let (host, fixture) = prepared(&["debian-12-systemd"]);
    let server = |args: &[&str]| {
        let mut command = host.vm_test();
        command.args(["run", "server", "--"]).args(args);
        command.current_dir(fixture.directory());
        command
    };
    host.stop();
    let before = Census::take(&host);
    let run = patience::run(&mut server(&["systemctl", "is-system-running"]), LIMIT);
    if has_groups() {
        assert_eq!(run.stdout.text(), "running\n", "{}", run.stderr.text());
    } else {
        assert_refused("server", &run.stderr.text());
    }
    host.stop();
    assert_eq!(before.settle(LIMIT), [""; 0]);
    if !has_groups() {
        return;
    }
    let script = "echo begun >&2; sleep 1000";
    let running = patience::start(&mut server(&["sh", "-c", script]));
    let began = Instant::now();
    while !running.errors().contains("begun") {
        assert!(began.elapsed() < LIMIT);
        std::thread::sleep(Duration::from_millis(20));
    }
    // Its init has made groups by now, or is making them: both must be swept.
    std::thread::sleep(Duration::from_secs(1));
    Daemon::of(&host).expect("a daemon").kill();
    assert_eq!(running.finish(LIMIT).code, Some(125));
    // The next start sweeps.
    let mut next = host.vm_test();
    next.current_dir(fixture.directory());
    let next = patience::run(next.args(["run", "host", "--", "true"]), LIMIT);
    assert_eq!(next.code, Some(0), "{}", next.stderr.text());
    host.stop();
    assert_eq!(before.settle(LIMIT), [""; 0]);
}
