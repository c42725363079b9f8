//! The entries of a recipe: files, commands, packages.

use serde::Deserialize;
use std::path::PathBuf;
use vm_test_protocol::failure::Failure;

/// A file or directory to copy into an image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// The source path, relative to the recipe.
    pub from: PathBuf,
    /// The path in the image.
    pub to: PathBuf,
    /// Permission bits in octal, as in "0755"; by default those of the source.
    pub mode: Option<String>,
}

/// A command that the image's shell runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunEntry {
    /// The command.
    pub command: String,
    /// Whether it may use the host's network.
    #[serde(default)]
    pub network: bool,
}

/// Checks a package name, which becomes a program argument.
pub(super) fn check_package(name: &str) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain) {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{name:?} is not the name of a Debian package"
    )))
}
