//! Receives the agent's messages about files, in order, and checks each. Distinguishes a guest that
//! breaks the protocol from one whose file is not available.

use super::destination::{Destination, Source};
use super::draft::Draft;
use super::places::Places;
use super::{names, profile};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use vm_test_protocol::agent::FromAgent;
use vm_test_protocol::harvest::{FileKind, MOST_FILES, MOST_KEPT, Sum, Wanted};

/// How many characters of a guest's names and reasons are shown.
const LONGEST_NAME: usize = 100;
const LONGEST_REASON: usize = 300;

/// Receives the files of one guest.
#[derive(Debug)]
pub struct Harvest {
    destination: Arc<Destination>,
    source: Source,
    open: Option<Open>,
    /// How many files of each kind have begun.
    begun: [usize; 3],
    bytes: [u64; 3],
    kept: usize,
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
        Self::of(&Destination::new(places), instance)
    }

    /// Returns a receiver for the test, which runs in this instance.
    #[must_use]
    pub fn of(destination: &Arc<Destination>, instance: &str) -> Self {
        Self {
            destination: Arc::clone(destination),
            source: Source {
                instance: names::directory_name(instance),
                node: None,
            },
            open: None,
            begun: [0; 3],
            bytes: [0; 3],
            kept: 0,
            remarks: Vec::new(),
        }
    }

    /// Returns a receiver for what the test's jobs have left on another node of its lab.
    #[must_use]
    pub fn of_node(destination: &Arc<Destination>, node: &str, instance: &str) -> Self {
        let mut harvest = Self::of(destination, instance);
        harvest.source.node = Some(names::directory_name(node));
        harvest
    }

    /// Returns what the agent is asked for.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        self.destination.wanted()
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
        let draft = match self.destination.draft(kind, name, length, &self.source) {
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
        let node = self.source.node.as_ref();
        let of_node = node.map_or(String::new(), |node| format!(" of node `{node}`"));
        self.remarks.push(format!(
            "{} `{shown}`{of_node} was not brought back: {reason}",
            kind.noun()
        ));
    }

    /// Returns the directory of the test's artifacts, if there is anything in it.
    #[must_use]
    pub fn artifacts(&self) -> Option<&Path> {
        self.destination.artifacts()
    }

    /// Returns what is missing, and why.
    #[must_use]
    pub fn remarks(self) -> Vec<String> {
        self.remarks
    }

    /// Reports which files are missing.
    pub fn complain(&mut self, whose: &str) {
        complain(whose, std::mem::take(&mut self.remarks));
    }
}

/// Reports what is missing of somebody's files.
///
/// It is written past everything that captures output, since a passing test's output is not shown,
/// and an incomplete coverage report must not look complete.
pub fn complain(whose: &str, remarks: Vec<String>) {
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
