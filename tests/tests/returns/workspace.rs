//! A workspace in which tests leave files, and what is in it and around it afterwards.

use std::fs::{self, File};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;

/// A copy of the fixture, since exports change it, and a new host.
pub(crate) struct Workspace {
    host: Host,
    fixture: Fixture,
    pub(crate) directory: PathBuf,
    _alone: File,
}

impl Workspace {
    pub(crate) fn new(place: Place) -> Self {
        let fixture = Fixture::new("returns");
        let alone = fixture.alone("returns");
        // Not in the target directory, of which VMs get only programs; and always at the same path,
        // since cargo rebuilds what is at another one.
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(fixture.target());
        let directory = std::env::temp_dir().join(format!("suite-returns-{hash:x}"));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let workspace = Self {
            host: place.host(),
            fixture,
            directory,
            _alone: alone,
        };
        let status = Command::new("cp")
            .arg("-r")
            .arg(workspace.fixture.directory())
            .arg(workspace.workspace())
            .status()
            .unwrap();
        assert!(status.success());
        let manifest = fs::read_to_string(workspace.workspace().join("Cargo.toml")).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let crates = format!("{}/vm-test", root.display());
        let manifest = manifest.replace("../../../vm-test", &crates);
        fs::write(workspace.workspace().join("Cargo.toml"), manifest).unwrap();
        workspace
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.directory.join("workspace")
    }

    pub(crate) fn target(&self) -> &Path {
        self.fixture.target()
    }

    /// Returns the artifacts of a test.
    pub(crate) fn artifacts(&self, binary: &str, test: &str) -> PathBuf {
        let all = self.target().join("vm-test/artifacts/returns");
        all.join(binary).join(test)
    }

    /// Runs tests by their names; returns the output.
    pub(crate) fn run(&self, binary: &str, tests: &[&str]) -> (bool, String) {
        let mut command = Command::new("cargo");
        let output = self
            .host
            .adopt(&mut command)
            .args(["test", "--quiet", "--test", binary])
            .args(["--", "--include-ignored", "--exact", "--show-output"])
            .args(tests)
            .current_dir(self.workspace())
            .env("CARGO_TARGET_DIR", self.target())
            .env("CARGO_TERM_COLOR", "never")
            .output()
            .unwrap();
        (output.status.success(), text_of(&output))
    }

    /// Returns everything around the workspace, by name and content.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut directories = vec![self.directory.clone()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap().flatten() {
                let path = entry.path();
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    directories.push(path.clone());
                }
                let content = if kind.is_file() {
                    fs::read_to_string(&path).unwrap_or_default()
                } else {
                    String::new()
                };
                let name = path.strip_prefix(&self.directory).unwrap();
                found.push(format!("{}: {content}", name.display()));
            }
        }
        found.sort();
        found
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

#[track_caller]
pub(crate) fn assert_says(text: &str, all: &[&str]) {
    for words in all {
        assert!(text.contains(words), "{words}:\n{text}");
    }
}

pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
