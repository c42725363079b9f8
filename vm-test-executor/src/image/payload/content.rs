//! The content of a payload disk at one moment, and the disk itself: made once, and shared.
//!
//! Does not know guests.

use super::item::Item;
use super::walk::{Most, Survey, SurveyError};
use super::{making, steady};
use crate::image::store::{Artifact, Lasting, Store, artifact, space};
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// Returns whether this directory, or one above it, is tagged as a cache.
///
/// Such directories are empty on a disk.
#[must_use]
pub fn is_cache(path: &Path) -> bool {
    path.ancestors().any(vm_test_runtime::cargo::is_cargos)
}

/// The limits of a payload disk.
const MOST: Most = Most {
    entries: 200_000,
    bytes: 8 << 30,
};

/// Increment when the same files would give another disk.
const FORMAT: &[u8] = b"vm-test payload 2";

/// The prefix of their keys.
const PREFIX: &str = "payload-";

/// How many MiB take so long to copy that the user is told.
const NOTICE_FROM_MIB: u64 = 64;

/// How many unused disks are kept, and how many bytes of them.
const KEPT: usize = 24;
const KEPT_BYTES: u64 = 4 << 30;

/// The step named when the disk is full.
const STEP: &str = "copy the host's files to a disk";

/// A disk that is not removed while this value lives.
#[derive(Debug)]
pub struct Payload {
    artifact: Artifact,
}

impl Payload {
    /// Returns a disk with these directories and files of the host as they are now.
    ///
    /// Each is stored under its number in `paths`, without the content of `hidden` paths, in a file
    /// system that appears to have `size` bytes. `say` is called when much has to be copied first.
    ///
    /// # Errors
    /// If it is too much, or cannot be read, or the disk cannot be made.
    pub fn of(
        store: &Store,
        paths: &[PathBuf],
        hidden: &[PathBuf],
        size: u64,
        say: &dyn Fn(&str),
    ) -> Result<Self, Failure> {
        steady::while_it_changes(
            || Content::of(paths, Survey::without(hidden)),
            |content, check| disk_with(store, content, check, size, say),
        )
    }

    /// Returns a disk with all that is in these directories and files of the host, caches included.
    ///
    /// # Errors
    /// If it is too much, or a part of it cannot be read, or the disk cannot be made.
    pub fn whole(
        store: &Store,
        paths: &[PathBuf],
        size: u64,
        say: &dyn Fn(&str),
    ) -> Result<Self, Failure> {
        steady::while_it_changes(
            || Content::of(paths, Survey::of_all()),
            |content, check| disk_with(store, content, check, size, say),
        )
    }

    /// Returns the directory with the disk.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.artifact.directory
    }
}

/// Returns the disk with this content, unless `check` fails after copying.
fn disk_with(
    store: &Store,
    content: &Content,
    check: &dyn Fn() -> Result<(), Failure>,
    size: u64,
    say: &dyn Fn(&str),
) -> Result<Payload, Failure> {
    let all = &content.survey;
    let (fingerprint, size_word) = (all.fingerprint(), size.to_le_bytes());
    let parts: [&[u8]; 3] = [FORMAT, fingerprint.as_bytes(), &size_word];
    let key = artifact::key_of_this_boot(PREFIX, &parts);
    let megabytes = all.bytes >> 20;
    let is_much = megabytes >= NOTICE_FROM_MIB;
    let waiting = || {
        if is_much {
            say(&format!(
                "waiting until {megabytes} MiB of the host's files are copied to a disk for \
                 another VM"
            ));
        }
    };
    let artifact = artifact::obtain(store, &key, Lasting::UntilReboot, waiting, |aside| {
        artifact::forget_other_boots(store, PREFIX)?;
        artifact::forget_beyond(store, PREFIX, KEPT, KEPT_BYTES)?;
        let room = space::free(store.root());
        if room < all.bytes {
            return Err(space::full(store.root(), STEP, room, Some(all.bytes)));
        }
        if is_much {
            say(&format!(
                "copying {megabytes} MiB of the host's files to a disk (only once)"
            ));
        }
        let made = making::make(aside, &content.items, all, size);
        // A file that was written to during the copy may be torn, which nobody would notice later.
        // For a file that is written to all the time, such as a log, nothing better is possible.
        made.and_then(|()| check()).map_err(|failure| {
            if space::is_full(&failure, store.root(), true) {
                space::full(store.root(), STEP, room, None)
            } else {
                failure
            }
        })
    })?;
    Ok(Payload { artifact })
}

/// A snapshot of the metadata of directories and files of the host.
struct Content {
    survey: Survey,
    items: Vec<Item>,
}

impl Content {
    fn of(paths: &[PathBuf], mut survey: Survey) -> Result<Self, Failure> {
        let mut items = Vec::new();
        for path in paths {
            survey
                .visit(path, MOST)
                .map_err(|trouble| cannot_bring(path, &trouble))?;
            items.push(Item {
                path: path.clone(),
                bare: std::mem::take(&mut survey.bare),
                closed: std::mem::take(&mut survey.closed),
            });
        }
        Ok(Self { survey, items })
    }
}

impl steady::Moment for Content {
    fn moment(&self) -> String {
        self.survey.moment()
    }
}

fn cannot_bring(path: &Path, trouble: &SurveyError) -> Failure {
    let cannot = |cause: String| {
        Failure::new(format!(
            "cannot bring {} into a VM: {cause}",
            path.display()
        ))
    };
    match trouble {
        SurveyError::TooMuch(what) => {
            let most = match *what {
                "files" => MOST.entries.to_string(),
                _ => format!("{} GiB", MOST.bytes >> 30),
            };
            cannot(format!("it holds more than {most} {what}")).hint(
                "the working directory, the workspace and what `mounts` names are copied to a disk: use smaller directories, or backend = \"lxc\", which shares them",
            )
        }
        SurveyError::Failed(path, error) => cannot(format!("{}: {error}", path.display())),
    }
}
