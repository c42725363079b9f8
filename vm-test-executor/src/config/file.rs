//! `vm-test.toml` at the root of a workspace: finds it, and decides the guests that it declares.
//! Knows nothing of sites.

use super::declarations::Declarations;
use super::document;
use super::guest::{Guest, HOST};
use super::kernel::OtherKernel;
use super::mistake::{FILE, placed};
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_settings::guest::Setting;

/// The guests of a workspace.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Where relative paths start.
    directory: PathBuf,
    file: Option<PathBuf>,
    declared: Declarations,
}

impl Workspace {
    /// Reads the nearest file in `directory` or above it; without one, only the built-in guests are
    /// known.
    ///
    /// # Errors
    /// If the file cannot be read or is wrong outside the guests' tables.
    pub fn find(directory: &Path) -> Result<Self, Failure> {
        let found = directory
            .ancestors()
            .map(|dir| dir.join(FILE))
            .find(|file| file.symlink_metadata().is_ok());
        match found {
            Some(file) => Self::read(file),
            None => Ok(Self {
                directory: directory.to_path_buf(),
                ..Self::default()
            }),
        }
    }

    fn read(file: PathBuf) -> Result<Self, Failure> {
        let text = document::read(&file, "it only declares guests")?;
        let declared = Declarations::read(&text).map_err(|failure| {
            failure.reworded(|cause| format!("cannot read {}: {cause}", file.display()))
        })?;
        Ok(Self {
            declared,
            directory: file.parent().unwrap_or(Path::new("/")).to_path_buf(),
            file: Some(file),
        })
    }

    /// Returns the names of the guests that the file declares.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.declared.guests.names()
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Decides a guest: its defaults, then the file, then `settings`.
    ///
    /// # Errors
    /// If there is no such guest, or a setting is wrong.
    pub fn guest(&self, name: &str, settings: &[Setting]) -> Result<Guest, Failure> {
        let mut guest = self.as_declared(name)?;
        for setting in settings {
            guest.set(setting)?;
        }
        Ok(self.located(guest))
    }

    /// Decides a guest by the file.
    fn as_declared(&self, name: &str) -> Result<Guest, Failure> {
        let mut guest = Guest::new(name)?;
        let file = match &self.file {
            Some(file) if self.declared.guests.has(name) => file,
            None if name == HOST => return Ok(guest),
            _ => return Err(self.unknown(name)),
        };
        let declared = self.declared.guests.settings(name, file)?;
        for entry in declared {
            guest
                .set(&entry.setting)
                .map_err(|failure| failure.reworded(|words| placed(words, file, entry.line)))?;
        }
        Ok(guest)
    }

    /// Makes the path of a guest's kernel absolute.
    fn located(&self, mut guest: Guest) -> Guest {
        if let Some(OtherKernel::File(path)) = &mut guest.kernel {
            *path = self.directory.join(&path);
        }
        guest
    }

    fn unknown(&self, name: &str) -> Failure {
        let hint = self.declared.guests.unknown(name).hint;
        self.undeclared(&format!("guest `{name}`")).hint(hint)
    }

    /// Returns the failure to find what the file does not declare.
    fn undeclared(&self, what: &str) -> Failure {
        let place = self.file.as_ref().map_or_else(
            || format!("there is no {FILE} here or above"),
            |file| format!("{} does not declare it", file.display()),
        );
        Failure::new(format!("cannot find {what}: {place}"))
    }
}

#[cfg(test)]
mod tests;
