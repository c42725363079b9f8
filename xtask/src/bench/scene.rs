//! When, of which commit and on which machine the bench was run: what somebody else has to know to
//! compare figures. Measures nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::command;

/// What is known of a run besides its results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Scene {
    /// When it began, in UTC, as `2026-01-31T12:00:00Z`.
    pub(super) date: String,
    /// The commit of the project; there is none outside a clone.
    pub(super) commit: Option<String>,
    /// Whether files of the commit were changed.
    pub(super) is_changed: bool,
    /// The kernel's release.
    pub(super) kernel: String,
    /// As `x86_64`.
    pub(super) architecture: String,
    /// The processors that this process may use, and what their maker calls them.
    pub(super) processors: usize,
    pub(super) processor: Option<String>,
    /// In KiB.
    pub(super) memory: Option<u64>,
    /// Whether it was run as root.
    pub(super) is_root: bool,
    /// The load in the last minute, and in the last five and fifteen: before, and at the end.
    pub(super) load_before: Vec<f64>,
    pub(super) load_after: Vec<f64>,
}

impl Scene {
    /// Looks at this machine and at the clone in `root`.
    pub(super) fn look(root: &Path) -> Result<Self> {
        let name = rustix::system::uname();
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let changed = git(root, &["status", "--porcelain", "--untracked-files=no"]);
        Ok(Self {
            date: command::capture(Command::new("date").args(["-u", "+%FT%TZ"]))?
                .trim()
                .to_owned(),
            commit: git(root, &["rev-parse", "HEAD"]),
            is_changed: changed.is_some_and(|files| !files.is_empty()),
            kernel: name.release().to_string_lossy().into_owned(),
            architecture: name.machine().to_string_lossy().into_owned(),
            processors: std::thread::available_parallelism()?.get(),
            processor: field(&read("/proc/cpuinfo"), "model name").map(str::to_owned),
            memory: memory(&read("/proc/meminfo")),
            is_root: rustix::process::geteuid().is_root(),
            load_before: load(),
            load_after: Vec::new(),
        })
    }

    /// Looks at the load once more, at the end.
    pub(super) fn end(&mut self) {
        self.load_after = load();
    }
}

/// Returns the load in the last minute, and in the last five and fifteen.
fn load() -> Vec<f64> {
    let words = super::table::load();
    let words = words.split_whitespace();
    words.filter_map(|word| word.parse().ok()).collect()
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    let said = command::capture(git.args(arguments).current_dir(root));
    said.ok().map(|said| said.trim().to_owned())
}

/// Returns the value in the first line that has this name before a colon.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
    Some(value.trim())
}

/// Returns the memory of this machine in KiB.
fn memory(text: &str) -> Option<u64> {
    field(text, "MemTotal")?.strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_this_moment_are_described() {
        let mut scene = Scene::look(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(scene.date.starts_with("20") && scene.date.ends_with('Z'));
        assert!(scene.processors > 0 && scene.memory.unwrap() > 1024);
        assert!(!scene.kernel.is_empty() && !scene.architecture.is_empty());
        assert_eq!(scene.load_before.len(), 3);
        scene.end();
        assert_eq!(scene.load_after.len(), 3);
    }

    #[test]
    fn a_value_is_found_by_its_name_and_no_other() {
        let text = "model\t\t: 1\nmodel name\t: Some CPU: fast\nMemTotal:   2048 kB\n";
        assert_eq!(field(text, "model name"), Some("Some CPU: fast"));
        assert_eq!(memory(text), Some(2048));
        assert_eq!(field(text, "name"), None);
    }

    #[test]
    fn a_directory_without_a_commit_has_none() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Scene::look(directory.path()).unwrap().commit, None);
    }
}
