//! Receives the agent's messages about files, in order, and checks each. Distinguishes a guest that
//! breaks the protocol from one whose file is not available.

use super::draft::Draft;
use super::places::Places;
use super::{names, profile};
use crate::cargo::is_cargos;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use vm_test_protocol::agent::FromAgent;
use vm_test_protocol::harvest::{FileKind, MOST_FILES, MOST_KEPT, Sum, Wanted};

/// How many names are tried for one profile.
const MOST_NAMES: usize = 1_000;

/// How many characters of a guest's names and reasons are shown.
const LONGEST_NAME: usize = 100;
const LONGEST_REASON: usize = 300;

/// Receives the files of one job.
#[derive(Debug)]
pub struct Harvest {
    places: Places,
    /// The instance, as part of names that must be unique.
    instance: String,
    open: Option<Open>,
    /// How many files of each kind have begun.
    begun: [usize; 3],
    bytes: [u64; 3],
    kept: usize,
    /// The artifacts so far: two names of the guest may become the same on the host.
    artifacts: BTreeSet<Vec<String>>,
    profiles: usize,
    remarks: Vec<String>,
}

/// A file of which not everything has arrived.
#[derive(Debug)]
struct Open {
    kind: FileKind,
    shown: String,
    length: u64,
    received: u64,
    sum: Sum,
    /// The header of a profile.
    header: Vec<u8>,
    /// `None` for a file that is refused: its bytes arrive anyway.
    draft: Option<Draft>,
}

impl Harvest {
    /// Returns a receiver for a job in this instance.
    #[must_use]
    pub fn new(places: Places, instance: &str) -> Self {
        Self {
            places,
            instance: names::directory_name(instance),
            open: None,
            begun: [0; 3],
            bytes: [0; 3],
            kept: 0,
            artifacts: BTreeSet::new(),
            profiles: 0,
            remarks: Vec::new(),
        }
    }

    /// Returns what the agent is asked for.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        self.places.wanted()
    }

    /// Handles a message about files.
    ///
    /// # Errors
    /// If it breaks the protocol; further messages are then ignored.
    pub fn take(&mut self, message: FromAgent) -> Result<(), String> {
        match (message, &mut self.open) {
            (FromAgent::File { kind, name, length }, None) => self.begin(kind, &name, length),
            (FromAgent::FileBytes(bytes), Some(open)) => {
                open.received += bytes.len() as u64;
                if open.received > open.length {
                    return Err("a file with more bytes than it has".to_owned());
                }
                let (kind, shown) = (open.kind, open.shown.clone());
                if let Err(reason) = open.write(&bytes) {
                    open.draft = None;
                    self.refuse(kind, &shown, &reason);
                }
                Ok(())
            }
            (FromAgent::FileEnd(sum), Some(_)) => {
                if let Some(open) = self.open.take() {
                    self.end(open, sum);
                }
                Ok(())
            }
            (FromAgent::FileKept { kind, name, reason }, _) => {
                self.open = None;
                self.kept += 1;
                if self.kept > 2 * MOST_KEPT {
                    return Err("too many messages about files".to_owned());
                }
                let reason = names::shown(reason.as_bytes(), LONGEST_REASON);
                self.refuse(kind, &names::shown(&name, LONGEST_NAME), &reason);
                Ok(())
            }
            (FromAgent::File { .. }, Some(_)) => Err("a file within a file".to_owned()),
            _ => Err("bytes of an unknown file".to_owned()),
        }
    }

    fn begin(&mut self, kind: FileKind, name: &[u8], length: u64) -> Result<(), String> {
        let at = kind as usize;
        self.begun[at] += 1;
        self.bytes[at] = self.bytes[at].saturating_add(length);
        let bound = kind.most_bytes();
        if self.begun[at] > MOST_FILES || self.bytes[at] > bound {
            return Err(format!(
                "more {}s than {MOST_FILES}, or than {} MiB of them",
                kind.noun(),
                bound >> 20
            ));
        }
        let shown = names::shown(name, LONGEST_NAME);
        let draft = match self.draft(kind, name) {
            Ok(draft) => Some(draft),
            Err(reason) => {
                self.refuse(kind, &shown, &reason);
                None
            }
        };
        self.open = Some(Open {
            kind,
            shown,
            length,
            received: 0,
            sum: Sum::default(),
            header: Vec::new(),
            draft,
        });
        Ok(())
    }

    /// Decides which file of the host it becomes.
    fn draft(&mut self, kind: FileKind, name: &[u8]) -> Result<Draft, String> {
        let drafts = self.places.drafts.as_deref();
        let unasked = || "the test did not request it".to_owned();
        match kind {
            FileKind::Profile => {
                let place = self.places.profiles.as_ref().ok_or_else(unasked)?;
                make(&place.directory)?;
                let name = (0..MOST_NAMES).find_map(|_| {
                    let name = format!(
                        "{}vm-test-{}-{}-{}.profraw",
                        place.prefix,
                        self.instance,
                        std::process::id(),
                        self.profiles
                    );
                    self.profiles += 1;
                    (!place.directory.join(&name).exists()).then_some(name)
                });
                Draft::begin(
                    &place.directory,
                    &[name.ok_or("no free name was found")?],
                    drafts,
                )
            }
            FileKind::Artifact => {
                let root = self.places.artifacts.as_ref().ok_or_else(unasked)?;
                let names = names::of_artifact(name)?;
                if !self.artifacts.insert(names.clone()) {
                    return Err(format!("another artifact has become {}", names.join("/")));
                }
                make(root)?;
                Draft::begin(root, &names, drafts)
            }
            FileKind::Export => {
                let (root, patterns) = self.places.exports.as_ref().ok_or_else(unasked)?;
                let names = names::of_export(name)?;
                let path = names.join("/");
                if !patterns.iter().any(|pattern| pattern.fits(&path)) {
                    return Err("no pattern of `export` fits its name".to_owned());
                }
                let mut above = root.clone();
                for name in &names {
                    if above != *root && is_cargos(&above) {
                        return Err(format!("{} is what cargo makes", above.display()));
                    }
                    above.push(name);
                }
                Draft::begin(root, &names, drafts)
            }
        }
    }

    fn end(&mut self, open: Open, sum: u64) {
        let Some(draft) = open.draft else {
            return;
        };
        let done = if open.received != open.length {
            Err(format!(
                "only {} of {} bytes arrived",
                open.received, open.length
            ))
        } else if open.sum.value() != sum {
            Err("its checksum does not match".to_owned())
        } else if open.kind == FileKind::Profile {
            profile::check(&open.header, open.length).and_then(|()| {
                if draft.add()? {
                    Ok(())
                } else {
                    Err("another file has its name".to_owned())
                }
            })
        } else {
            draft.replace()
        };
        if let Err(reason) = done {
            self.refuse(open.kind, &open.shown, &reason);
        }
    }

    fn refuse(&mut self, kind: FileKind, shown: &str, reason: &str) {
        self.remarks.push(format!(
            "{} `{shown}` was not brought back: {reason}",
            kind.noun()
        ));
    }

    /// Returns the directory of artifacts, if there is anything in it.
    #[must_use]
    pub fn artifacts(&self) -> Option<&PathBuf> {
        let directory = self.places.artifacts.as_ref()?;
        (!self.artifacts.is_empty()).then_some(directory)
    }

    /// Reports which files are missing.
    ///
    /// It is written past everything that captures output, since a passing test's output is not
    /// shown, and an incomplete coverage report must not look complete.
    pub fn complain(&mut self, whose: &str) {
        let remarks = std::mem::take(&mut self.remarks);
        let more = remarks.len().saturating_sub(2 * MOST_KEPT);
        let mut text = String::new();
        for remark in remarks.iter().take(2 * MOST_KEPT) {
            text += &format!("vm-test: `{whose}`: {remark}\n");
        }
        if more > 0 {
            text += &format!("vm-test: `{whose}`: {more} more files were not brought back\n");
        }
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

impl Open {
    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.sum.add(bytes);
        if self.kind == FileKind::Profile {
            let room = profile::HEADER.saturating_sub(self.header.len());
            self.header.extend(&bytes[..bytes.len().min(room)]);
        }
        match &mut self.draft {
            Some(draft) => draft.write(bytes),
            None => Ok(()),
        }
    }
}

/// Makes a directory that the host has chosen, and those above it.
fn make(directory: &std::path::Path) -> Result<(), String> {
    std::fs::create_dir_all(directory)
        .map_err(|error| format!("cannot make {}: {error}", directory.display()))
}
