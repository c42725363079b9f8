//! `vm-test.toml` at the root of a workspace: finds it, and decides the guests and labs that it
//! declares. Knows nothing of sites.

use super::declarations::Declarations;
use super::document;
use super::effective::{self, Effective};
use super::guest::{Guest, HOST};
use super::kernel::OtherKernel;
use super::lab::{Declared, Draft, Lab, Origin};
use super::mistake::{FILE, Mistake, placed};
use super::readings::Readings;
use super::table::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::NodeAtSite;
use vm_test_settings::guest::Setting;
use vm_test_settings::word;

/// The guests and labs of a workspace.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Where relative paths start.
    directory: PathBuf,
    file: Option<PathBuf>,
    declared: Arc<Declarations>,
}

impl Workspace {
    /// Reads the nearest file in `directory` or above it; without one, only the built-in guests are
    /// known.
    ///
    /// # Errors
    /// If the file cannot be read or is wrong outside the tables of guests and labs.
    pub fn find(directory: &Path) -> Result<Self, Failure> {
        Self::find_among(&Readings::default(), directory)
    }

    /// Finds it like [`find`](Self::find); a text that was read before is not parsed again.
    ///
    /// # Errors
    /// The same.
    pub fn find_among(readings: &Readings, directory: &Path) -> Result<Self, Failure> {
        let found = directory
            .ancestors()
            .map(|dir| dir.join(FILE))
            .find(|file| file.symlink_metadata().is_ok());
        match found {
            Some(file) => Self::read(readings, file),
            None => Ok(Self {
                directory: directory.to_path_buf(),
                ..Self::default()
            }),
        }
    }

    fn read(readings: &Readings, file: PathBuf) -> Result<Self, Failure> {
        let text = document::read(&file, "it only declares guests and labs")?;
        let declared = readings.read(text).map_err(|failure| {
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

    /// Returns the names of the labs that the file declares.
    pub fn labs(&self) -> impl Iterator<Item = &str> {
        self.declared.labs.keys().map(String::as_str)
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
        let mut guest = self.as_declared(name, &[])?;
        for setting in settings {
            guest.set(setting)?;
        }
        Ok(self.located(guest))
    }

    /// Returns what a guest's settings are and where each comes from, in the order of the
    /// documentation.
    ///
    /// # Errors
    /// If there is no such guest, or a setting is wrong.
    pub fn effective(&self, name: &str) -> Result<Vec<Effective>, Failure> {
        let guest = self.guest(name, &[])?;
        let tables = match &self.file {
            Some(file) => self.declared.guests.tables(name, file)?,
            None => Vec::new(),
        };
        Ok(effective::of(&guest, &tables))
    }

    /// Returns the guest that a declared one extends.
    #[must_use]
    pub fn base(&self, name: &str) -> Option<&str> {
        self.declared.guests.base(name)
    }

    /// Returns everything that is wrong with the defaults, guests, groups and labs, each once: what
    /// is wrong in a table is wrong with all guests that take settings from it.
    #[must_use]
    pub fn mistakes(&self) -> Vec<Failure> {
        let file = self.file.as_deref().unwrap_or(Path::new(FILE));
        let defaults = self.declared.guests.check_defaults(file).err();
        let guests = self.names().filter_map(|name| self.guest(name, &[]).err());
        let labs = self.labs().filter_map(|name| self.lab(name).err());
        let mut mistakes: Vec<Failure> = Vec::new();
        let groups = self.declared.groups.mistakes(&self.declared.guests, file);
        for mistake in defaults.into_iter().chain(guests).chain(groups).chain(labs) {
            let place = |it: &Failure| it.message.rsplit_once(" (in ").map(|(_, at)| at.to_owned());
            let is_told =
                |told: &Failure| told.hint == mistake.hint && place(told) == place(&mistake);
            if place(&mistake).is_none() || !mistakes.iter().any(is_told) {
                mistakes.push(mistake);
            }
        }
        mistakes
    }

    /// Decides a lab: its networks, its nodes with their guests, and all addresses.
    ///
    /// # Errors
    /// If there is no such lab, or anything in it is wrong.
    pub fn lab(&self, name: &str) -> Result<Lab, Failure> {
        let (Some(declared), Some(file)) = (self.declared.labs.get(name), &self.file) else {
            return Err(self.unknown_lab(name));
        };
        let fail = |mistake: &Mistake| mistake.failure(&format!("lab `{name}`"), file);
        let decide = |guest: &str, settings: &[Entry]| {
            let guest = self.as_declared(guest, settings)?;
            Ok(self.located(guest))
        };
        let guests = &self.declared.guests;
        match declared.as_ref().map_err(fail)? {
            Declared::Here(draft) => {
                let known = draft.check_guests(guests);
                known.map_err(|mistake| fail(&mistake))?;
                draft.decide(name, Origin::File(file), decide)
            }
            Declared::Elsewhere(reference) => {
                let (file, draft) = reference.draft(name, file, guests)?;
                draft.decide(name, Origin::Topology(&file), decide)
            }
        }
    }

    /// Decides a lab that is declared at the site of its test, with guests of the file.
    ///
    /// # Errors
    /// If a node has a wrong name or no guest, or a guest is wrong.
    pub fn lab_at_site(&self, name: &str, nodes: &[NodeAtSite]) -> Result<Lab, Failure> {
        let draft = Draft::at_site(name, nodes, &self.declared.guests)?;
        draft.decide(name, Origin::Site, |guest, _| {
            let guest = self.as_declared(guest, &[])?;
            Ok(self.located(guest))
        })
    }

    /// Decides a guest by the file and by these settings in it.
    fn as_declared(&self, name: &str, settings: &[Entry]) -> Result<Guest, Failure> {
        let mut guest = Guest::new(name)?;
        let file = match &self.file {
            Some(file) if self.declared.guests.has(name) => file,
            None if name == HOST => return Ok(guest),
            _ => return Err(self.unknown(name)),
        };
        let tables = self.declared.guests.tables(name, file)?;
        let declared = tables.iter().flat_map(|table| table.settings);
        for Entry { line, setting } in declared.chain(settings) {
            guest
                .set(setting)
                .map_err(|failure| failure.reworded(|words| placed(words, file, *line)))?;
        }
        Ok(guest)
    }

    /// Makes the paths of a guest's kernel and of what it gets from the host absolute.
    fn located(&self, mut guest: Guest) -> Guest {
        if let Some(OtherKernel::File(path)) = &mut guest.kernel {
            *path = self.directory.join(&path);
        }
        for placed in guest.files.iter_mut().chain(&mut guest.mounts) {
            placed.start_at(&self.directory);
        }
        guest
    }

    fn unknown(&self, name: &str) -> Failure {
        let hint = self.declared.guests.unknown(name).hint;
        self.undeclared(&format!("guest `{name}`")).hint(hint)
    }

    fn unknown_lab(&self, name: &str) -> Failure {
        let declare = format!("as [lab.{name}.nodes] in {FILE} at the workspace's root");
        let labs: Vec<String> = self.labs().map(|lab| format!("`{lab}`")).collect();
        let hint = match word::suggestion(name, self.labs()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if labs.is_empty() => format!("declare it {declare}"),
            None => format!(
                "the labs are {}; declare another {declare}",
                labs.join(", ")
            ),
        };
        self.undeclared(&format!("lab `{name}`")).hint(hint)
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
