//! The test binaries of a published crate, and what runners say of the tests in them.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::publication::unpack;

/// How each test ended: whether it passed.
pub(crate) type Results = BTreeMap<String, bool>;

/// A published crate as it is, with its tests built.
pub(crate) struct Crate {
    pub(crate) directory: PathBuf,
    pub(crate) binaries: Vec<PathBuf>,
    features: &'static [&'static str],
    target: PathBuf,
    _place: TempDir,
}

impl Crate {
    pub(crate) fn new(
        host: &Host,
        name: &str,
        version: &str,
        features: &'static [&'static str],
    ) -> Self {
        let place = tempfile::tempdir().unwrap();
        // Root of a guest is another user of the host when root runs it, and must get through.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(place.path(), open).unwrap();
        let fixture = Fixture::new("runner");
        // The guests of the fixtures, above the crate itself, which stays as it is.
        let guests = fixture.directory().with_file_name("vm-test.toml");
        fs::copy(guests, place.path().join("vm-test.toml")).unwrap();
        let directory = unpack(host, name, version, place.path());
        let manifest = directory.join("Cargo.toml");
        // It is inside of no workspace, but cargo looks.
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text + "\n[workspace]\n").unwrap();
        let mut built = Self {
            directory,
            binaries: Vec::new(),
            features,
            // Where what it depends on stays built.
            target: fixture.target().join(name),
            _place: place,
        };
        let mut build = built.cargo(host, &["test"]);
        let output = build
            .args(["--no-run", "--message-format", "json"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text_of(&output));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let artifacts = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|artifact| artifact["profile"]["test"] == true);
        built.binaries = artifacts
            .filter_map(|artifact| artifact["executable"].as_str().map(PathBuf::from))
            .collect();
        built
    }

    /// Cargo, for the library's and the integration tests.
    pub(crate) fn cargo(&self, host: &Host, words: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        host.adopt(&mut command)
            .args(words)
            .args(["--lib", "--tests"])
            .args(self.features)
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TERM_COLOR", "never");
        command
    }
}

/// The variable with cargo's runner for this machine.
pub(crate) fn runner_variable() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let text = text_of(&output);
    let triple = text.lines().find_map(|line| line.strip_prefix("host: "));
    let triple = triple.unwrap().to_uppercase().replace('-', "_");
    format!("CARGO_TARGET_{triple}_RUNNER")
}

/// What a runner is told to start.
pub(crate) fn runner(guest: &str) -> String {
    format!("{} runner {guest}", Host::program().display())
}

/// What libtest says of its tests.
pub(crate) fn of_libtest(text: &str) -> Results {
    let lines = text.lines().filter_map(|line| line.strip_prefix("test "));
    lines
        .filter_map(|line| {
            let (name, end) = line.rsplit_once(" ... ")?;
            let passed = match end {
                "ok" => true,
                "FAILED" => false,
                _ => return None,
            };
            Some((name.to_owned(), passed))
        })
        .collect()
}

/// What nextest says of its tests.
pub(crate) fn of_nextest(text: &str) -> Results {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let passed = match words.next()? {
                "PASS" => true,
                "FAIL" => false,
                _ => return None,
            };
            Some((words.last()?.to_owned(), passed))
        })
        .collect()
}

/// Whether a path is one of a file.
pub(crate) fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}
