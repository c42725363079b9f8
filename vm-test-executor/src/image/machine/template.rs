//! Templates in the store: booted and saved VMs, named by the hash of their inputs.
//!
//! Stores them and checks that they are complete; does not know their content.

use crate::image::store::remains;
use crate::image::store::{Artifact, Lasting, Store, artifact, space, write_json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use vm_test_protocol::failure::Failure;

/// The prefix of their keys.
const PREFIX: &str = "template-";

/// How many unused templates are kept: one for each kind of VM in use.
const KEPT: usize = 8;

/// What is kept of templates with a prefix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) prefix: &'static str,
    pub(super) kept: usize,
    pub(super) bytes: u64,
}

/// What is kept of templates that were booted.
const OF_GUESTS: Limits = Limits {
    prefix: PREFIX,
    kept: KEPT,
    bytes: u64::MAX,
};

/// The minimum amount of memory that a booted VM has written, in bytes.
const BOOTED: u64 = 128 << 20;

/// The step named when the disk is full.
const STEP: &str = "save a booted VM";

/// The prefix of the keys of records about VMs that do not boot.
const REFUSAL: &str = "refusal-";

/// The file with the reason.
const REASON: &str = "reason";

/// The file with the length of each file.
///
/// A keeper whose VM the template cannot restore removes this file, which marks it as damaged.
pub const LENGTHS: &str = "lengths.json";

/// A template that is not removed while this value lives.
#[derive(Debug)]
pub struct Template {
    pub(super) artifact: Artifact,
    pub(super) key: String,
}

impl Template {
    /// Returns the template with these inputs.
    ///
    /// `make` creates it in an empty directory if it does not exist. `broken` is called with what
    /// is wrong with a template that has to be made again, `waiting` if another process is making
    /// it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn of(
        store: &Store,
        words: &[&str],
        broken: impl FnOnce(&str),
        waiting: impl Fn(),
        make: impl Fn(&Path) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let parts: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
        let key = artifact::key_of_this_boot(PREFIX, &parts);
        let template = find_or_make(store, &key, OF_GUESTS, &waiting, &make)?;
        let Some(damage) = template.damage() else {
            return Ok(template);
        };
        broken(&damage);
        template.discard(store)?;
        find_or_make(store, &key, OF_GUESTS, &waiting, &make)
    }

    /// Returns why there is no template with these inputs, if that was recorded since boot.
    #[must_use]
    pub fn refusal(store: &Store, words: &[&str]) -> Option<String> {
        let artifact = artifact::find(store, &refusal_key(words)).ok()??;
        fs::read_to_string(artifact.directory.join(REASON)).ok()
    }

    /// Records why there is no template with these inputs.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn remember_refusal(store: &Store, words: &[&str], reason: &str) -> Result<(), Failure> {
        let key = refusal_key(words);
        artifact::obtain(
            store,
            &key,
            Lasting::UntilReboot,
            || (),
            |aside| {
                fs::write(aside.join(REASON), reason).map_err(|error| {
                    Failure::new(format!("cannot write to {}: {error}", aside.display()))
                })
            },
        )
        .map(drop)
    }

    /// Returns the directory with its files.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.artifact.directory
    }

    /// Removes it because it does not work; the next lease that needs it makes a new one.
    pub(super) fn discard(self, store: &Store) -> Result<(), Failure> {
        artifact::discard(store, &self.key, self.artifact)
    }

    /// Returns what is wrong with it, judging by the lengths of its files.
    pub(super) fn damage(&self) -> Option<String> {
        let directory = self.directory();
        let recorded = fs::read(directory.join(LENGTHS));
        let recorded: Option<BTreeMap<String, u64>> = recorded
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Some(recorded) = recorded else {
            return Some(format!(
                "{} cannot be read",
                directory.join(LENGTHS).display()
            ));
        };
        recorded.into_iter().find_map(|(name, length)| {
            let path = directory.join(&name);
            match File::open(&path).and_then(|file| file.metadata()) {
                Ok(meta) if meta.len() == length => None,
                Ok(meta) => Some(format!(
                    "{} has {} bytes instead of {length}",
                    path.display(),
                    meta.len()
                )),
                Err(error) => Some(format!("{}: {error}", path.display())),
            }
        })
    }
}

/// Returns the template with this key, which `make` makes if there is none.
pub(super) fn find_or_make(
    store: &Store,
    key: &str,
    limits: Limits,
    waiting: &impl Fn(),
    make: &impl Fn(&Path) -> Result<(), Failure>,
) -> Result<Template, Failure> {
    let artifact = artifact::obtain(store, key, Lasting::UntilReboot, waiting, |aside| {
        for prefix in [limits.prefix, REFUSAL] {
            artifact::forget_other_boots(store, prefix)?;
        }
        artifact::forget_beyond(store, limits.prefix, limits.kept, limits.bytes)?;
        // Broken templates that were still in use when they were discarded, and leftovers of killed
        // daemons.
        remains::clear(store)?;
        let room = space::free(store.root());
        if room < BOOTED {
            return Err(space::full(store.root(), STEP, room, Some(BOOTED)));
        }
        let made = make(aside).and_then(|()| {
            write_lengths(aside)
                .map_err(|error| Failure::new(format!("cannot read {}: {error}", aside.display())))
        });
        // QEMU is killed when its memory file does not fit on the disk, and cannot report that.
        made.map_err(|failure| {
            if space::is_full(&failure, store.root(), true) {
                space::full(store.root(), STEP, room, None)
            } else {
                failure
            }
        })
    })?;
    Ok(Template {
        artifact,
        key: key.to_owned(),
    })
}

fn refusal_key(words: &[&str]) -> String {
    let parts: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
    artifact::key_of_this_boot(REFUSAL, &parts)
}

fn write_lengths(directory: &Path) -> io::Result<()> {
    let mut lengths = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        lengths.insert(name, entry.metadata()?.len());
    }
    write_json(&directory.join(LENGTHS), &lengths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn two_who_saw_the_same_damage_remove_it_once_and_leave_what_was_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let made = Cell::new(0);
        let make = |aside: &Path| {
            made.set(made.get() + 1);
            fs::write(aside.join("ram"), format!("number {}", made.get())).unwrap();
            Ok(())
        };
        let key = "template-test";
        let one = find_or_make(&store, key, OF_GUESTS, &|| (), &make).unwrap();
        let other = find_or_make(&store, key, OF_GUESTS, &|| (), &make).unwrap();
        fs::write(one.directory().join("ram"), "cut").unwrap();
        assert!(one.damage().is_some() && other.damage().is_some());
        one.discard(&store).unwrap();
        let anew = find_or_make(&store, key, OF_GUESTS, &|| (), &make).unwrap();
        other.discard(&store).unwrap();
        let ram = fs::read_to_string(anew.directory().join("ram"));
        assert_eq!(ram.unwrap(), "number 2");
        assert_eq!(anew.damage(), None);
    }

    #[test]
    fn a_template_that_there_is_no_room_for_is_named_so() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let make = |_: &Path| Err(Failure::new("QEMU: ram: No space left on device"));
        let failure = Template::of(&store, &["a"], |_| (), || (), make).unwrap_err();
        let words = "cannot save a booted VM: store full: it needs more than the ";
        assert!(failure.message.starts_with(words), "{}", failure.message);
        assert!(failure.hint.is_some());
    }
}
