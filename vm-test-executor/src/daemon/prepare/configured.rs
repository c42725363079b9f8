//! VMs that are saved once more when they are configured, with their name, their links and the
//! host's files, so that the next one is restored as that. Made of the guest's template once it is
//! likely to be of use; a test or a lab starts without it, too.

use super::hardware::{assignment, belongings};
use super::held::Held;
use super::template::until_saved;
use super::tools::Tools;
use crate::backend::kvm::{Hardware, Start, TEMPLATE};
use crate::config::Guest;
use crate::image::{Store, Template};
use crate::keeper::Assignment;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vm_test_protocol::PROTOCOL;
use vm_test_protocol::failure::Failure;

/// How often a VM must have been wanted before it is saved once more.
///
/// A test that is run once for each change of the source has other files in each run: saving the VM
/// would only cost time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Often {
    /// A node of a lab: its links and names are configured, too, and others wait for it.
    Twice,
    /// Any other VM: saving it takes about as long as it saves in six tests.
    SixTimes,
}

/// A VM as it is restored, which can be saved when it is configured.
#[derive(Debug)]
pub(crate) struct Configured {
    pub(super) guest: Guest,
    pub(super) hardware: Hardware,
    /// The directories of its files, by their names in a keeper's directory, but for its template.
    pub(super) places: Vec<(String, PathBuf)>,
    pub(super) store: Store,
    pub(super) of_guest: Arc<Template>,
    pub(super) often: Often,
}

impl Configured {
    /// Returns the template that this VM is restored from: its own, or that of its guest.
    pub(super) fn template(&self, tools: &Tools, say: &dyn Fn(&str)) -> Arc<Template> {
        let text = self.text();
        if let Ok(Some(template)) = self.of_guest.of_node(&self.store, &[&text]) {
            return Arc::new(template);
        }
        if let Some(failure) = tools.wanted.note(&text) {
            say(&format!(
                "`{}` is configured anew for each test, because it cannot be saved when it is: {failure}",
                self.guest.name
            ));
        }
        Arc::clone(&self.of_guest)
    }

    /// Returns whether saving this VM is likely to be of use, and has not begun yet.
    pub(crate) fn is_worth_saving(&self, tools: &Tools) -> bool {
        tools.wanted.is_often(&self.text(), self.often.times())
    }

    /// Saves this VM if that is likely to be of use, and has not failed before. Returns its
    /// template, if there is one now, and the instance `name` restored from it.
    pub(crate) fn saved(&self, tools: &Tools, name: &str) -> Option<(Assignment, Held)> {
        let text = self.text();
        let words = [text.as_str()];
        let found = self.of_guest.of_node(&self.store, &words).ok().flatten();
        let template = match found {
            Some(template) => template,
            None if tools.wanted.claim(&text, self.often.times()) => {
                let make = |aside: &Path| self.save(tools, aside);
                let made = self.of_guest.with_node(&self.store, &words, || (), make);
                let failed = |failure: &Failure| tools.wanted.fail(&text, failure.clone());
                let template = made.inspect_err(failed).ok()?;
                // If it is removed because others were used more, it has to be wanted as often.
                tools.wanted.forget(&text);
                template
            }
            None => return None,
        };
        let places = self.places_with(template.directory());
        let hardware = self.hardware.clone();
        let assignment = assignment(tools.as_root(), &self.guest, name, hardware, &places);
        Some((assignment, Arc::new(template)))
    }

    /// Describes everything that it is saved with, but for its guest's template.
    fn text(&self) -> String {
        let mut hardware = self.hardware.clone();
        // Each copy has its own.
        hardware.identity.machine_id.clear();
        format!("{hardware:?} {:?} {PROTOCOL}", self.places)
    }

    fn places_with(&self, template: &Path) -> Vec<(String, PathBuf)> {
        let template = (TEMPLATE.to_owned(), template.to_path_buf());
        self.places.iter().cloned().chain([template]).collect()
    }

    /// Saves the VM in this directory, which has a copy of its guest's template.
    fn save(&self, tools: &Tools, aside: &Path) -> Result<(), Failure> {
        let guest = &self.guest;
        let hardware = Hardware {
            start: Start::Configure,
            ..self.hardware.clone()
        };
        let (number, name) = tools.names.next(&guest.name);
        let places = self.places_with(aside);
        let belongings = belongings(guest, &name, hardware.accelerator)?;
        let assignment = assignment(tools.as_root(), guest, &name, hardware, &places);
        until_saved(tools, &self.store, guest, number, &assignment, belongings)
            .map_err(|unrun| unrun.failure)
    }
}

impl Often {
    /// Returns it for a VM; nothing for one that cannot be saved, since another copy's configuration
    /// differs.
    pub(super) fn of(guest: &Guest, is_node: bool, has_forwards: bool) -> Option<Self> {
        // Each copy has an address of its own on the card that leads outside.
        let is_alike = !guest.outside && !has_forwards;
        if is_node {
            Some(Self::Twice)
        } else {
            is_alike.then_some(Self::SixTimes)
        }
    }

    fn times(self) -> u32 {
        match self {
            Self::Twice => 2,
            Self::SixTimes => 6,
        }
    }
}
