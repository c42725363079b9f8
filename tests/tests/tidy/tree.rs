//! The project's files as data, which the rules are about.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The project's text files, except ignored ones: path from the workspace root, and content.
pub(crate) struct Tree(BTreeMap<String, String>);

impl Tree {
    pub(crate) fn of_workspace() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the suites are in a folder of the workspace");
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root)
            .output()
            .expect("git can be started");
        assert!(
            listed.status.success(),
            "cannot list the project's files: {}",
            String::from_utf8_lossy(&listed.stderr)
        );
        let names =
            String::from_utf8(listed.stdout).expect("the names of the project's files are UTF-8");
        let files: BTreeMap<String, String> = names
            .split_terminator('\0')
            .filter_map(|name| Some((name.to_owned(), fs::read_to_string(root.join(name)).ok()?)))
            .collect();
        assert!(
            files.contains_key("Cargo.toml"),
            "cannot find Cargo.toml among the project's files"
        );
        Self(files)
    }

    /// Returns the content of the file at `path`, or an error if it does not exist.
    pub(crate) fn file(&self, path: &str) -> Result<&str, String> {
        self.0
            .get(path)
            .map(String::as_str)
            .ok_or_else(|| format!("{path} is missing"))
    }

    /// Returns whether `path` is a file or a directory with a file in it.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.0.contains_key(path) || self.0.keys().any(|file| file.starts_with(&folder))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(path, content)| (path.as_str(), content.as_str()))
    }

    /// Returns the Rust files for human readers: not the fixtures, which contain deliberate
    /// mistakes.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter()
            .filter(|(path, _)| path.ends_with(".rs") && !is_fixture(path))
    }

    #[cfg(test)]
    pub(crate) fn planted(files: &[(&str, &str)]) -> Self {
        Self(
            files
                .iter()
                .map(|(path, content)| ((*path).to_owned(), (*content).to_owned()))
                .collect(),
        )
    }
}

/// Returns where `relative` leads from the file `from`, unless it leaves the workspace.
pub(crate) fn resolve(from: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Returns whether a file is test input that contains deliberate mistakes.
pub(crate) fn is_fixture(path: &str) -> bool {
    path.starts_with("tests/fixtures/") || path.starts_with("tests/ui/")
}
