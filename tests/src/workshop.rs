//! A store, a workspace with recipes, and a `vm-test` that uses both, for one test. The root file
//! system of its images consists of this host's programs, so that it needs no network and no time.

use crate::host::Host;
use crate::streams::text_of;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long guests that have ended may hold their layers.
const AFTERMATH: Duration = Duration::from_secs(5);

/// How often that is checked.
const TICK: Duration = Duration::from_millis(50);

/// The programs in the root file system.
const PROGRAMS: [&str; 9] = [
    "sh", "cat", "ls", "mkdir", "rm", "dd", "sleep", "touch", "mv",
];

/// Those that only tests on a btrfs disk need.
const OPTIONAL: [&str; 1] = ["btrfs"];

/// The name of the root file system's archive in recipes.
const ARCHIVE: &str = "root.tar";

/// A store, a workspace, and a host that uses them.
#[derive(Debug)]
pub struct Workshop {
    /// A host with its own daemon.
    pub host: Host,
    directory: TempDir,
    store: PathBuf,
}

impl Default for Workshop {
    fn default() -> Self {
        Self::new()
    }
}

impl Workshop {
    /// Returns a new one, with an empty store.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("vmt-store-")
            .tempdir()
            .expect("a directory for the workshop");
        // Root in a guest is another user of the host when root runs it, and must be able to enter.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(directory.path(), open).expect("the workshop's own directory");
        let workshop = Self {
            host: Host::new(),
            store: directory.path().join("store"),
            directory,
        };
        fs::create_dir_all(workshop.workspace().join("images")).expect("a workspace");
        archive(
            &directory_of_root(&workshop.directory),
            &workshop.file(ARCHIVE),
        );
        workshop
    }

    /// Adds programs of this host to the root file system.
    ///
    /// # Panics
    /// If this host lacks one.
    pub fn add_programs(&self, programs: &[&str]) {
        let root = self.directory.path().join("root");
        for program in programs {
            let is_there = add_program(&root, program);
            assert!(is_there, "this host has no {program}");
        }
        archive(&root, &self.file(ARCHIVE));
    }

    /// Moves the store to another directory.
    pub fn move_store(&mut self, store: PathBuf) {
        self.store = store;
    }

    /// Returns a directory for this test.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the directory of `vm-test.toml`.
    #[must_use]
    pub fn workspace(&self) -> PathBuf {
        self.directory.path().join("workspace")
    }

    /// Returns the directory of the store.
    #[must_use]
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// Returns the path of a file beside the recipes.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.workspace().join("images").join(name)
    }

    /// Writes the recipe of an image that starts from the root file system.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn recipe(&self, name: &str, steps: &str) {
        let text = format!("base = \"tar:{ARCHIVE}\"\n{steps}");
        fs::write(self.file(&format!("{name}.toml")), text).expect("a recipe");
    }

    /// Returns a command line of `vm-test` in the workspace.
    #[must_use]
    pub fn vm_test(&self, args: &[&str]) -> Command {
        let mut command = self.host.vm_test();
        command
            .args(args)
            .current_dir(self.workspace())
            .env("VM_TEST_STORE", &self.store);
        command
    }

    /// Runs `vm-test`, which must succeed; returns both its streams.
    ///
    /// # Panics
    /// If it fails.
    pub fn run(&self, args: &[&str]) -> String {
        let output = self.output(args);
        let text = text_of(&output);
        assert!(output.status.success(), "vm-test {args:?}: {text}");
        text
    }

    /// Runs `vm-test`, which must fail; returns both its streams.
    ///
    /// # Panics
    /// If it succeeds.
    pub fn fail(&self, args: &[&str]) -> String {
        let output = self.output(args);
        let text = text_of(&output);
        assert!(!output.status.success(), "vm-test {args:?}: {text}");
        text
    }

    /// Runs `vm-test`, which must succeed and print JSON.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.output(args);
        assert!(output.status.success(), "{}", text_of(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn output(&self, args: &[&str]) -> Output {
        self.vm_test(args).output().expect("vm-test starts")
    }

    /// Returns the keys of an image's layers; `None` if there is no such image.
    #[must_use]
    pub fn layers(&self, image: &str) -> Option<Vec<String>> {
        let images = self.json(&["image", "list", "--json"]);
        let found = images.as_array()?.iter().find(|it| it["name"] == image)?;
        let layers = found["layers"].as_array()?.iter();
        Some(
            layers
                .filter_map(|key| key.as_str().map(str::to_owned))
                .collect(),
        )
    }

    /// Removes all images and collects garbage; returns what is left in the store, relative to it.
    ///
    /// # Panics
    /// If that fails.
    #[must_use]
    pub fn cleared(&self) -> BTreeSet<String> {
        for image in self
            .json(&["image", "list", "--json"])
            .as_array()
            .expect("a list")
        {
            self.run(&["image", "rm", image["name"].as_str().expect("a name")]);
        }
        // A guest that has just ended releases its layers a moment later.
        let deadline = Instant::now() + AFTERMATH;
        loop {
            self.run(&["gc", "--images"]);
            let left = self.content();
            if left.is_empty() || Instant::now() > deadline {
                return left;
            }
            std::thread::sleep(TICK);
        }
    }

    /// Returns the names of everything in the store.
    fn content(&self) -> BTreeSet<String> {
        let mut left = BTreeSet::new();
        for place in ["layers", "images", "building", "machines"] {
            let entries = fs::read_dir(self.store.join(place)).into_iter().flatten();
            left.extend(
                entries
                    .flatten()
                    .map(|entry| format!("{place}/{}", entry.file_name().to_string_lossy())),
            );
        }
        left
    }
}

fn directory_of_root(directory: &TempDir) -> PathBuf {
    let root = directory.path().join("root");
    for dir in ["bin", "etc", "tmp", "run", "proc", "sys", "dev"] {
        fs::create_dir_all(root.join(dir)).expect("a directory of the root file system");
    }
    for program in PROGRAMS.into_iter().chain(OPTIONAL) {
        let is_there = add_program(&root, program) || OPTIONAL.contains(&program);
        assert!(is_there, "this host has no {program}");
    }
    fs::write(root.join("etc/origin"), "tar\n").expect("a file");
    root
}

/// Copies a program of this host and its libraries; returns false if there is no such program.
fn add_program(root: &Path, program: &str) -> bool {
    let places = ["/usr/bin", "/bin"].map(|dir| Path::new(dir).join(program));
    let Some(source) = places.into_iter().find(|path| path.is_file()) else {
        return false;
    };
    fs::copy(&source, root.join("bin").join(program)).expect("a copy of a program");
    let output = Command::new("ldd").arg(&source).output();
    let words = text_of(&output.expect("ldd starts"));
    for library in words.split_whitespace().filter(|it| it.starts_with('/')) {
        let target = root.join(&library[1..]);
        fs::create_dir_all(target.parent().expect("a parent")).expect("a directory");
        fs::copy(library, target).expect("a copy of a library");
    }
    true
}

/// Packs a directory.
///
/// # Panics
/// If it cannot be packed.
pub fn archive(directory: &Path, file: &Path) {
    let status = Command::new("tar")
        .args(["--create", "--owner=0", "--group=0", "--numeric-owner"])
        .arg("--file")
        .arg(file)
        .arg("--directory")
        .arg(directory)
        .arg(".")
        .status()
        .expect("tar starts");
    assert!(status.success());
}

/// Returns the processes that have something below this directory open, as their root or working
/// directory, or in their command line.
#[must_use]
pub fn users_of(directory: &Path) -> Vec<String> {
    let is_below =
        |path: &Path| fs::read_link(path).is_ok_and(|target| target.starts_with(directory));
    let mut users = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let process = entry.path();
        if !process.join("cmdline").is_file() {
            continue;
        }
        let words = fs::read(process.join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).replace('\0', " ");
        let opened = fs::read_dir(process.join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        let uses = ["cwd", "root"]
            .iter()
            .any(|link| is_below(&process.join(link)))
            || opened.into_iter().any(|fd| is_below(&fd.path()))
            || words.contains(&*directory.to_string_lossy());
        if uses {
            users.push(format!("{}: {words}", entry.file_name().to_string_lossy()));
        }
    }
    users
}
