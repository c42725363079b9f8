//! One published crate whose own tests run in three ways: by root in a shell of a guest, as whole
//! binaries under `vm-test runner`, and one by one with `#[on_vm]`. It knows how to build and start
//! them, but not their expected results.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::publication::{self, Results, of_libtest, runner, runner_variable, unpack};

/// What marks a test, for both attributes that these crates use.
const MARKS: [&str; 2] = ["#[test]", "#[tokio::test]"];

/// A published crate, in its original form and with the attribute above each test.
pub(crate) struct CrateUnderTest {
    plain: PathBuf,
    marked: PathBuf,
    binaries: Vec<PathBuf>,
    arguments: &'static [&'static str],
    target: PathBuf,
    _place: TempDir,
}

impl CrateUnderTest {
    /// Unpacks and builds the crate.
    pub(crate) fn new(
        host: &Host,
        name: &str,
        version: &str,
        arguments: &'static [&'static str],
    ) -> Self {
        let place = tempfile::tempdir().unwrap();
        // Root in a guest is another user of the host when root runs it, and must be able to enter.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(place.path(), open).unwrap();
        let mut crates = ["plain", "marked"].map(|kind| {
            let workspace = place.path().join(kind);
            fs::create_dir_all(&workspace).unwrap();
            fs::copy(
                guests().join("vm-test.toml"),
                workspace.join("vm-test.toml"),
            )
            .unwrap();
            unpack(host, name, version, &workspace)
        });
        for directory in &crates {
            append(directory, "\n[workspace]\n");
        }
        let [plain, marked] = &mut crates;
        mark(marked);
        let mut built = Self {
            plain: plain.clone(),
            marked: marked.clone(),
            binaries: Vec::new(),
            arguments,
            // Dependencies stay built from one run to the next.
            target: Fixture::new("runner").target().join(name),
            _place: place,
        };
        built.binaries = publication::test_binaries(&mut built.cargo(host, &built.plain));
        let output = built.cargo(host, &built.marked).arg("--no-run").output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", text_of(&output));
        built
    }

    /// Returns the results for root in a shell of the guest, where each whole binary runs directly.
    pub(crate) fn in_a_shell(&self, host: &Host, guest: &str) -> (Results, String) {
        let mut results = Results::new();
        let mut texts = String::new();
        for binary in &self.binaries {
            let mut command = host.vm_test();
            command
                .args(["run", guest, "--"])
                .arg(binary)
                .arg("--test-threads=1")
                .current_dir(&self.plain);
            let output = command.output().unwrap();
            let text = text_of(&output);
            results.extend(of_libtest(&text));
            texts += &text;
        }
        (results, texts)
    }

    /// Returns the results under `vm-test runner`.
    pub(crate) fn under_the_runner(&self, host: &Host, guest: &str) -> (Results, String) {
        let mut command = self.cargo(host, &self.plain);
        command.args(["--no-fail-fast", "--", "--test-threads=1"]);
        command.env(runner_variable(), runner(guest));
        results_of(&command.output().unwrap())
    }

    /// Returns the results with the attribute above each test.
    pub(crate) fn with_the_attribute(&self, host: &Host, guest: &str) -> (Results, String) {
        let mut command = self.cargo(host, &self.marked);
        command.args(["--no-fail-fast", "--", "--test-threads=2"]);
        command.env("VM_TEST_GUEST", guest);
        results_of(&command.output().unwrap())
    }

    /// Returns `cargo test` for the library's and the integration tests of one of the two copies.
    fn cargo(&self, host: &Host, directory: &Path) -> Command {
        let mut command = Command::new("cargo");
        host.adopt(&mut command)
            .arg("test")
            .args(["--lib", "--tests"])
            .args(self.arguments)
            .current_dir(directory)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TERM_COLOR", "never");
        command
    }
}

/// Returns the directory with the guests and images of this suite.
pub(crate) fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/published")
}

fn results_of(output: &Output) -> (Results, String) {
    let text = text_of(output);
    let results = of_libtest(&text);
    let all_passed = results.values().all(|passed| *passed);
    assert_eq!(output.status.success(), all_passed, "{text}");
    (results, text)
}

/// Writes the attribute above each test of a crate, and adds the dependency.
///
/// Some tests are outside of `#[cfg(test)]`, where a dev-dependency is not always available.
fn mark(directory: &Path) {
    let mut marked = 0;
    for file in sources(directory) {
        let text = fs::read_to_string(&file).unwrap();
        let changed: String = text.lines().map(marked_line).collect();
        marked += usize::from(changed.lines().count() != text.lines().count());
        fs::write(&file, changed).unwrap();
    }
    assert!(
        marked > 0,
        "no test was found below {}",
        directory.display()
    );
    let vm_test = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vm-test");
    append(
        directory,
        &format!(
            "\n[dev-dependencies.vm-test]\npath = \"{}\"\n",
            vm_test.display()
        ),
    );
}

fn marked_line(line: &str) -> String {
    let indent = &line[..line.len() - line.trim_start().len()];
    if MARKS.contains(&line.trim()) {
        format!("{indent}#[cfg_attr(test, vm_test::on_vm)]\n{line}\n")
    } else {
        format!("{line}\n")
    }
}

fn append(directory: &Path, text: &str) {
    let manifest = directory.join("Cargo.toml");
    let before = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, before + text).unwrap();
}

/// Returns the Rust files of a crate.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}
