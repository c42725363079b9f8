//! What a test asks cargo, and what it finds in a guest without cargo: its programs and directories
//! wherever cargo has them, the root of its workspace, and its user's options for test libraries.

use super::limit;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use vm_test_tests::fixture::{Fixture, Runner, text_of};
use vm_test_tests::group::Group;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::Passed;

/// The package of the fixture that is a member of its workspace.
const MEMBER: &str = "--package=attributes-macros";

const OF_WORKSPACE: &str = "tests::the_source_is_found_from_the_root_of_the_workspace";
const OF_USER: &str = "tests::what_the_user_says_to_test_libraries_counts";
const OF_NOBODY: &str = "tests::insta_writes_nothing_where_nothing_comes_back";
const OF_COMPILER: &str = "tests::the_compiler_is_found_and_compiles";

#[test]
fn a_member_of_a_workspace_finds_its_root_and_its_compiler_and_its_users_word() {
    let (fixture, host) = (Fixture::new("attributes"), Place::Container.host());
    let said: &[(&str, &str)] = &[
        ("INSTA_UPDATE", "new"),
        ("PROPTEST_CASES", "7"),
        ("CI", "true"),
        ("CI_JOB_TOKEN", "secret"),
    ];
    for (environment, filters) in [
        (said, &[OF_WORKSPACE, OF_USER][..]),
        (&[], &[OF_NOBODY, OF_COMPILER]),
    ] {
        let group = Group {
            targets: &[MEMBER],
            filters,
            environment,
            limit: limit(Place::Container),
        };
        let outcome = group.run(&fixture, &host, Runner::CargoTest);
        assert_eq!(outcome.tests.len(), filters.len(), "{}", outcome.text());
        for (test, told) in &outcome.tests {
            assert_eq!(told.ending, Passed, "{test}: {told:#?}");
        }
    }
}

#[test]
fn a_test_of_a_crate_of_macros_is_debugged() {
    let (fixture, host) = (Fixture::new("attributes"), Place::Container.host());
    let mut command = host.vm_test();
    let output = command
        .args([
            "debug",
            Place::Container.guest(),
            "--package",
            "attributes-macros",
            "--",
            OF_WORKSPACE,
        ])
        .current_dir(fixture.directory())
        .env("CARGO_TARGET_DIR", fixture.target())
        .output();
    let output = output.expect("vm-test starts");
    assert!(output.status.success(), "{}", text_of(&output));
}

/// A test binary with its package's programs where cargo would have them with this target directory
/// and this `build.build-dir`.
///
/// The files are copied there, since building them again would take minutes.
struct Moved {
    binary: PathBuf,
    program: PathBuf,
    temporary: PathBuf,
    target: PathBuf,
    build: PathBuf,
}

impl Moved {
    fn to(target: &Path, build: &Path) -> Self {
        let (fixture, host) = (Fixture::new("attributes"), Place::Container.host());
        let original = fixture.binary(&host, "world");
        let profile = original.ancestors().nth(2).expect("a profile's directory");
        let copy = |from: &Path, to: PathBuf| {
            fs::create_dir_all(to.parent().expect("a directory")).expect("a directory");
            fs::copy(from, &to).expect("a copy");
            to
        };
        let name = original.file_name().expect("a name");
        let moved = Self {
            binary: copy(&original, build.join("debug/deps").join(name)),
            program: copy(&profile.join("namer"), target.join("debug/namer")),
            temporary: build.join("tmp"),
            target: target.to_path_buf(),
            build: build.to_path_buf(),
        };
        fs::create_dir(&moved.temporary).expect("a directory");
        fs::write(target.join("debug/.cargo-lock"), "").expect("cargo's own file");
        fs::write(build.join(".rustc_info.json"), "{}").expect("cargo's own file");
        moved
    }

    /// Runs a test as cargo would.
    fn run(&self, test: &str) {
        let (fixture, host) = (Fixture::new("attributes"), Place::Container.host());
        let mut command = Command::new(&self.binary);
        host.adopt(&mut command);
        let directories = [self.target.join("debug"), self.build.join("debug/deps")];
        let path = std::env::join_paths(directories).expect("a search path");
        let output = command
            .args(["--exact", test])
            .current_dir(fixture.directory())
            .env("CARGO_MANIFEST_DIR", fixture.directory())
            .env("CARGO_BIN_EXE_namer", &self.program)
            .env("CARGO_TARGET_TMPDIR", &self.temporary)
            .env("LD_LIBRARY_PATH", path)
            .output();
        let text = text_of(&output.expect("the binary starts"));
        assert!(
            text.contains("1 passed"),
            "{}: {text}",
            self.binary.display()
        );
        // The daemon records a test after its process has ended.
        host.stop();
        let runs = self.target.join("vm-test/runs");
        assert!(runs.is_dir(), "there is no {}: {text}", runs.display());
        if self.build != self.target {
            assert!(!self.build.join("vm-test").exists(), "{text}");
        }
        let left = self.temporary.join("written-in-a-guest.txt");
        assert!(!left.exists(), "{} was left", left.display());
    }
}

#[test]
fn programs_and_temporary_files_are_found_wherever_cargo_has_them() {
    let below = |dir: &str| {
        let mut builder = tempfile::Builder::new();
        builder
            .prefix("vmt-target-")
            .tempdir_in(dir)
            .expect("a directory")
    };
    let (memory, temporary) = (below("/dev/shm"), below("/tmp"));
    for directory in [&memory, &temporary] {
        // Root in the guest may be another user, and must be able to enter.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(directory.path(), open).expect("it is ours");
    }
    let [memory, temporary] = [memory.path(), temporary.path()];
    for (target, build) in [
        (memory.join("one"), memory.join("one")),
        (temporary.join("one"), temporary.join("one")),
        (memory.join("two"), temporary.join("two")),
    ] {
        Moved::to(&target, &build).run("what_cargo_names_is_there_and_temporary_files_can_be_made");
    }
}
