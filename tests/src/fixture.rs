//! Crates whose tests the suites run, as a user would run them: with cargo test and with cargo
//! nextest.

pub use crate::streams::text_of;

use crate::host::Host;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// A crate below `tests/fixtures`, a separate workspace.
#[derive(Clone, Debug)]
pub struct Fixture {
    manifest: PathBuf,
    target: PathBuf,
}

/// The runner for a fixture's tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// `cargo test`.
    CargoTest,
    /// `cargo nextest run`.
    Nextest,
}

/// The result of a run of one test.
#[derive(Clone, Debug)]
pub struct Run {
    /// Whether the runner succeeded.
    pub success: bool,
    /// Both output streams of the runner.
    pub text: String,
}

/// Cargo locks the target directory; waiting for it in the same process would only add lines to the
/// output.
static BUILDING: Mutex<()> = Mutex::new(());

impl Fixture {
    /// Returns the fixture with this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let manifest = root.join("fixtures").join(name).join("Cargo.toml");
        assert!(manifest.is_file(), "there is no fixture {name}");
        Self::of(manifest)
    }

    /// Returns the crate with this manifest.
    #[must_use]
    pub fn of(manifest: PathBuf) -> Self {
        let exe = std::env::current_exe().expect("the path of this test binary");
        let target = exe
            .ancestors()
            .nth(3)
            .expect("a target directory")
            .join("fixtures");
        Self { manifest, target }
    }

    /// Returns its directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.manifest.parent().expect("the fixture's directory")
    }

    /// Returns where cargo puts build results of this fixture.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Waits until no other test, in any process, uses what has this name.
    ///
    /// # Panics
    /// If the lock cannot be taken.
    #[must_use]
    pub fn alone(&self, name: &str) -> File {
        fs::create_dir_all(&self.target).expect("a target directory");
        let lock = File::create(self.target.join(format!("{name}.lock"))).expect("a lock");
        flock(&lock, FlockOperation::LockExclusive).expect("the lock");
        lock
    }

    /// Returns a cargo command for this fixture on this host.
    #[must_use]
    pub fn cargo(&self, host: &Host, args: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        host.adopt(&mut command);
        command
            .args(args)
            .arg("--manifest-path")
            .arg(&self.manifest)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TERM_COLOR", "never")
            .current_dir(self.directory());
        command
    }

    /// Builds the fixture's tests, so that later runs need not.
    pub fn build(&self, host: &Host) {
        let _one = BUILDING.lock().unwrap_or_else(|poison| poison.into_inner());
        let output = self
            .cargo(host, &["test", "--no-run", "--quiet"])
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "{}", text_of(&output));
    }

    /// Builds one of its test targets; returns the binary.
    #[must_use]
    pub fn binary(&self, host: &Host, target: &str) -> PathBuf {
        let _one = BUILDING.lock().unwrap_or_else(|poison| poison.into_inner());
        let args = [
            "test",
            "--no-run",
            "--test",
            target,
            "--message-format=json",
        ];
        let output = self.cargo(host, &args).output().expect("cargo starts");
        assert!(output.status.success(), "{}", text_of(&output));
        let messages = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut executables = messages.lines().filter_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            // The package's programs are built with the test, and may finish after it.
            let is_it = message["target"]["name"] == target && message["profile"]["test"] == true;
            let executable = message["executable"].as_str().filter(|_| is_it)?;
            Some(PathBuf::from(executable))
        });
        executables.next_back().expect("cargo names the binary")
    }

    /// Runs one test by its exact name.
    #[must_use]
    pub fn run(&self, host: &Host, runner: Runner, test: &str) -> Run {
        let filter = format!("test(={test})");
        let mut command = match runner {
            Runner::CargoTest => {
                let mut command = self.cargo(host, &["test", "--quiet"]);
                command.args(["--", "--exact", "--include-ignored", test]);
                command
            }
            Runner::Nextest => {
                let args = [
                    "nextest",
                    "run",
                    "--run-ignored",
                    "all",
                    "--no-tests",
                    "fail",
                ];
                let mut command = self.cargo(host, &args);
                command.args(["-E", &filter]);
                command
            }
        };
        let output = command.output().expect("cargo starts");
        Run {
            success: output.status.success(),
            text: text_of(&output),
        }
    }
}
