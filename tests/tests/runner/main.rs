//! Whole test binaries in guests, unmodified, as cargo and nextest start them: what goes in and
//! what comes out.

mod keeping;
mod patience;
mod wrapper;

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::publication::{of_nextest, runner, runner_variable};

/// Returns whether a file exists at a path.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Runs a shell script as if it were a test binary.
fn script(host: &Host, script: &str, args: &[&str]) -> Output {
    let mut command = host.vm_test();
    command.args(["runner", "host", "/bin/sh", "-c", script, "sh"]);
    command.args(args).output().unwrap()
}

#[test]
fn arguments_input_and_exit_codes_pass_through() {
    let host = Host::new();
    let words = ["--exact", "a b", "", "--", "--nocapture", "-q"];
    let output = script(&host, "printf '%s|' \"$@\"; exit 7", &words);
    assert_eq!(output.stdout, b"--exact|a b||--|--nocapture|-q|");
    assert_eq!(output.status.code(), Some(7), "{}", text_of(&output));
    let mut command = host.vm_test();
    command.args([
        "runner",
        "host",
        "--",
        "/bin/sh",
        "-c",
        "cat; echo words >&2",
    ]);
    let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = streams.stderr(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"\0\xffinput")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (&output.stdout[..], &output.stderr[..]),
        (&b"\0\xffinput"[..], &b"words\n"[..])
    );
}

#[test]
fn a_signal_that_ends_the_binary_ends_the_runner() {
    let host = Host::new();
    for (name, number) in [("SEGV", 11), ("ABRT", 6), ("KILL", 9), ("TERM", 15)] {
        let output = script(&host, &format!("kill -{name} $$"), &[]);
        assert_eq!(output.status.signal(), Some(number), "{}", text_of(&output));
    }
}

#[test]
fn every_process_has_an_instance_of_its_own() {
    let host = Host::new();
    for _ in 0..2 {
        let output = script(
            &host,
            "[ ! -e /etc/left ] && echo x > /etc/left && cat /etc/left",
            &[],
        );
        assert_eq!(output.stdout, b"x\n", "{}", text_of(&output));
    }
    assert!(!is_there(Path::new("/etc/left")));
}

#[test]
fn a_binary_that_is_not_there_is_named() {
    let host = Host::new();
    let mut command = host.vm_test();
    let output = command
        .args(["runner", "host", "/no/such-binary", "--list"])
        .output()
        .unwrap();
    let text = text_of(&output);
    assert_eq!(output.status.code(), Some(127), "{text}");
    assert!(text.contains("/no/such-binary"), "{text}");
}

/// The tests of the fixture, which are not marked, with the package's own binary.
#[test]
fn a_wrapper_script_of_nextest_moves_the_tests_that_its_filter_names() {
    let host = Host::new();
    let fixture = Fixture::new("runner");
    // Each run of a test begins with the removal of its earlier artifacts.
    let _alone = fixture.alone("runner-artifacts");
    fixture.build(&host);
    let settings = tempfile::tempdir().unwrap();
    let file = settings.path().join("nextest.toml");
    let text = format!(
        "experimental = [\"wrapper-scripts\"]\n\
         [scripts.wrapper.guest]\ncommand = '{}'\n\
         [[profile.default.scripts]]\nfilter = 'test(moved)'\nrun-wrapper = 'guest'\n",
        runner("host")
    );
    fs::write(&file, text).unwrap();
    let mut command = fixture.cargo(&host, &["nextest", "run", "--no-fail-fast"]);
    let output = command.arg("--config-file").arg(&file).output().unwrap();
    let text = text_of(&output);
    let expected = [
        ("moved_into_a_guest", true),
        ("moved_with_its_binary", true),
        ("moved_and_fails", false),
        ("stays_here", true),
    ];
    let expected = expected.map(|(name, passed)| (name.to_owned(), passed));
    assert_eq!(of_nextest(&text), expected.into(), "{text}");
}

#[test]
fn coverage_and_artifacts_come_back_from_a_whole_binary() {
    let host = Host::new();
    let fixture = Fixture::new("runner");
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("target");
    let mut command = fixture.cargo(&host, &["test", "--quiet", "--test", "moving"]);
    let output = command
        .args(["--", "moved_into_a_guest", "moved_with_its_binary"])
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", "-C instrument-coverage")
        .env(
            "LLVM_PROFILE_FILE",
            place.path().join("profiles/%p.profraw"),
        )
        .env(runner_variable(), runner("host"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text_of(&output));
    let profiles = fs::read_dir(place.path().join("profiles"))
        .unwrap()
        .flatten();
    let from_guests =
        profiles.filter(|it| it.file_name().to_string_lossy().starts_with("vm-test-"));
    // That of the binary, and that of the program that it starts.
    assert_eq!(from_guests.count(), 2, "{}", text_of(&output));
    let artifact = target.join("vm-test/artifacts/runner/moving/words");
    assert_eq!(fs::read(artifact).unwrap(), b"from a guest");
}

/// A command whose output is only looked at when it fails.
#[test]
fn tests_are_listed_by_the_binary_in_a_guest() {
    let host = Host::new();
    let fixture = Fixture::new("runner");
    fixture.build(&host);
    let list = |command: &mut Command| {
        let output = command.args(["--", "--list"]).output().unwrap();
        assert!(output.status.success(), "{}", text_of(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let locally = list(&mut fixture.cargo(&host, &["test", "--quiet"]));
    let mut command = fixture.cargo(&host, &["test", "--quiet"]);
    let in_a_guest = list(command.env(runner_variable(), runner("host")));
    assert_eq!(in_a_guest, locally);
    assert!(locally.contains("stays_here: test"), "{locally}");
}

#[test]
fn a_list_leaves_the_artifacts_of_earlier_runs_where_they_are() {
    let host = Host::new();
    let fixture = Fixture::new("runner");
    let _alone = fixture.alone("runner-artifacts");
    fixture.build(&host);
    let directory = fixture.target().join("vm-test/artifacts/runner/moving");
    let _ = fs::remove_dir_all(&directory);
    let runs = |words: &[&str]| {
        let mut command = fixture.cargo(&host, &["nextest"]);
        command.args(words).args(["--test", "moving"]);
        command.env(runner_variable(), runner("host"));
        text_of(&command.output().unwrap())
    };
    let artifact = directory.join("moved_into_a_guest/words");
    let text = runs(&["run", "moved_into_a_guest"]);
    assert!(is_there(&artifact), "{text}");
    let text = runs(&["list"]) + &runs(&["run", "moved_with_its_binary"]);
    assert!(
        text.contains("stays_here") && text.contains("PASS"),
        "{text}"
    );
    assert!(is_there(&artifact), "{text}");
}
