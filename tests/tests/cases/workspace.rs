//! A copy of the fixture in which tests of one package change files, and the files in it
//! afterwards.

use super::guests::{LIMIT, fixture};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use vm_test_tests::fixture::{Runner, text_of};
use vm_test_tests::group::{Group, Outcome};
use vm_test_tests::host::Host;
use vm_test_tests::patience;

/// Variables that change what the test libraries of the fixture do.
const OF_LIBRARIES: [&str; 5] = [
    "CI",
    "TF_BUILD",
    "INSTA_FORCE_PASS",
    "INSTA_UPDATE",
    "INSTA_WORKSPACE_ROOT",
];

/// A copy of the fixture, for one of its packages.
pub(crate) struct Workspace {
    package: &'static str,
    directory: PathBuf,
    target: PathBuf,
    _alone: Option<File>,
}

impl Workspace {
    /// Copies the fixture to where this package's tests always are, since cargo rebuilds what is
    /// elsewhere. No other test uses it meanwhile.
    pub(crate) fn new(package: &'static str) -> Self {
        let fixture = fixture();
        let alone = fixture.alone(package);
        let target = fixture.target().to_path_buf();
        // Not in the target directory, of which VMs get only programs.
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&target);
        let directory = std::env::temp_dir().join(format!("suite-{package}-{hash:x}"));
        let _ = fs::remove_dir_all(&directory);
        Self::copied_to(directory, package, target, Some(alone))
    }

    /// Copies the fixture into a new directory of its own.
    pub(crate) fn inside(directory: &Path, package: &'static str, target: &Path) -> Self {
        let directory = directory.join("workspace");
        Self::copied_to(directory, package, target.to_path_buf(), None)
    }

    fn copied_to(
        directory: PathBuf,
        package: &'static str,
        target: PathBuf,
        alone: Option<File>,
    ) -> Self {
        let mut copy = Command::new("cp");
        // With the time of each file, by which cargo knows what to rebuild.
        copy.arg("-a").arg(fixture().directory()).arg(&directory);
        assert!(copy.status().expect("cp starts").success());
        let manifest = directory.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).expect("a manifest");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let crates = format!("{}/vm-test", root.expect("a workspace").display());
        let text = text.replace("../../../vm-test", &crates);
        fs::write(manifest, text).expect("the manifest is ours");
        Self {
            package,
            directory,
            target,
            _alone: alone,
        }
    }

    /// Returns a path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Makes a command use it, on this host.
    pub(crate) fn adopt<'a>(&self, host: &Host, command: &'a mut Command) -> &'a mut Command {
        for name in OF_LIBRARIES {
            command.env_remove(name);
        }
        host.adopt(command)
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TERM_COLOR", "never")
    }

    fn cargo(&self, host: &Host, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        let package = format!("--package={}", self.package);
        self.adopt(host, &mut command)
            .args(["test", "--no-fail-fast", &package])
            .args(arguments);
        command
    }

    /// Builds the package's tests, without a time limit.
    pub(crate) fn build(&self, host: &Host) {
        let output = self.cargo(host, &["--no-run", "--quiet"]).output();
        let output = output.expect("cargo starts");
        assert!(output.status.success(), "{}", text_of(&output));
    }

    /// Runs those of the package's tests that the filters choose.
    pub(crate) fn run(&self, host: &Host, filters: &[&str]) -> Outcome {
        self.build(host);
        let mut command = self.cargo(host, &["--", "--show-output"]);
        let finished = patience::run(command.args(filters), LIMIT);
        Group::read(finished, Runner::CargoTest)
    }

    /// Returns the names of all files and directories in it.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut directories = vec![self.directory.clone()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).expect("a directory") {
                let entry = entry.expect("an entry");
                if entry.file_type().expect("a type").is_dir() {
                    directories.push(entry.path());
                }
                let path = entry.path();
                let name = path.strip_prefix(&self.directory).expect("it is below");
                found.insert(name.to_str().expect("UTF-8").to_owned());
            }
        }
        found
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}
