//! What a recipe lists: files, commands, packages.

use serde::Deserialize;
use std::path::PathBuf;
use vm_test_protocol::failure::Failure;

/// A file or directory to copy into an image.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Where it is, relative to the recipe.
    pub from: PathBuf,
    /// Where it goes.
    pub to: PathBuf,
    /// Permission bits in octal, as in "0755"; those of the source without.
    pub mode: Option<String>,
}

/// A command to run in an image, by its shell.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunEntry {
    /// The command.
    pub command: String,
    /// Whether it may use the host's network.
    #[serde(default)]
    pub network: bool,
}

/// Packages' names become arguments of programs.
pub(super) fn check_package(name: &str) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain) {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{name:?} is not the name of a Debian package"
    )))
}
