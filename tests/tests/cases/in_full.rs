//! Real runs of cargo whose directories are in `/dev/shm`, below `/tmp`, or two: programs of the
//! package, its temporary files, and the record of the run are where they belong. Each run builds
//! everything that it needs.

use super::guests::{HOST, endings, host};
use super::workspace::Workspace;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use vm_test_tests::fixture::text_of;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending::Passed;

const GUESTS: [&str; 3] = [HOST, "deb", "kvm"];

const PROGRAM: &str = "a_program_of_the_package_runs";
const TEMPORARY: &str = "temporary_files_can_be_made";

/// The file that the second test makes in `CARGO_TARGET_TMPDIR`.
const MADE: &str = "tmp/made-in-a-guest.txt";

fn below(parent: &str) -> TempDir {
    let mut builder = tempfile::Builder::new();
    let directory = builder
        .prefix("vmt-cases-")
        .tempdir_in(parent)
        .expect("a directory");
    // Root in the guest may be another user, and must be able to enter.
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(directory.path(), open).expect("it is ours");
    directory
}

/// Runs the tests on each guest. `build` is where the configuration file has cargo build.
fn run(target: &Path, build: Option<&Path>) {
    let elsewhere = below("/tmp");
    let workspace = Workspace::inside(elsewhere.path(), "cases-program", target);
    if let Some(build) = build {
        let named = build.join("{workspace-path-hash}");
        let configuration = format!("[build]\nbuild-dir = \"{}\"\n", named.display());
        // In place of the fixture's own, which these tests do not need.
        fs::write(workspace.path(".cargo/config.toml"), configuration).expect("a file");
    }
    let before = workspace.files();
    for guest in GUESTS {
        let host = host(guest);
        let outcome = workspace.run(&host, &[]);
        let text = outcome.text();
        let expected = BTreeMap::from([(PROGRAM, Passed), (TEMPORARY, Passed)]);
        assert_eq!(endings(&outcome.tests), expected, "{guest}: {text}");
        let line = format!("on {guest}\n");
        assert!(outcome.tests[PROGRAM].stdout.contains(&line), "{text}");
        // The daemon records a test after its process has ended.
        host.stop();
        assert_reported(&workspace, &host, guest);
    }
    assert_eq!(workspace.files(), before);
    assert!(target.join("debug/teller").is_file());
    assert!(target.join("vm-test/runs").is_dir());
    let built = build.map_or(target.to_path_buf(), built_below);
    assert!(built.join("debug/deps").is_dir(), "{}", built.display());
    // Written in guests only.
    for directory in [target, &built] {
        let made = directory.join(MADE);
        assert!(!made.exists(), "{} was left", made.display());
    }
    if build.is_some() {
        assert!(!built.join("vm-test").exists(), "{}", built.display());
    }
}

/// Returns the directory below this one in which cargo has built: its name is a hash, in parts.
fn built_below(directory: &Path) -> PathBuf {
    let mut found = directory.to_path_buf();
    while !found.join("debug").is_dir() {
        let entries = fs::read_dir(&found).expect("a directory");
        let mut paths = entries.map(|entry| entry.expect("an entry").path());
        let only = paths.next().filter(|path| path.is_dir());
        found = only.expect("cargo has built there, as `build.build-dir` says since cargo 1.91");
        assert_eq!(paths.next(), None, "beside {}", found.display());
    }
    found
}

/// Checks that the last run that `vm-test report` finds is of these tests on this guest.
fn assert_reported(workspace: &Workspace, host: &Host, guest: &str) {
    let mut report = host.vm_test();
    report.arg("report");
    let output = workspace.adopt(host, &mut report).output();
    let output = output.expect("vm-test starts");
    let text = text_of(&output);
    assert_eq!(output.status.code(), Some(0), "{guest}: {text}");
    for test in [PROGRAM, TEMPORARY] {
        let name = format!("cases-program::{test}");
        let line = text.lines().find(|line| line.starts_with(&name));
        let words = line.map(|line| line.split_whitespace().skip(1).take(2).collect::<Vec<_>>());
        assert_eq!(words, Some(vec![guest, "passed"]), "{test}: {text}");
    }
}

#[test]
fn programs_temporary_files_and_records_are_found_in_dev_shm() {
    let memory = below("/dev/shm");
    run(&memory.path().join("target"), None);
}

#[test]
fn programs_temporary_files_and_records_are_found_below_tmp() {
    let temporary = below("/tmp");
    run(&temporary.path().join("target"), None);
}

#[test]
fn programs_temporary_files_and_records_are_found_with_a_build_directory_of_its_own() {
    let (target, build) = (below("/tmp"), below("/tmp"));
    run(&target.path().join("target"), Some(build.path()));
}

#[test]
fn programs_temporary_files_and_records_are_found_with_a_build_directory_in_another_place() {
    let (target, build) = (below("/dev/shm"), below("/var/tmp"));
    run(&target.path().join("target"), Some(build.path()));
}
