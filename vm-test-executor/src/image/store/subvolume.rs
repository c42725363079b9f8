//! An image as one btrfs subvolume, from which guests get snapshots.
//!
//! It is made from the image's layers for the first snapshot, and kept beside them under the
//! image's digest. Starts no guest.

use super::locks::{self, Held};
use super::record::ImageRecord;
use super::space;
use super::store::Store;
use crate::image::inside::{self, Task};
use crate::image::layer::digest::Digest;
use crate::image::layer::lock;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_sys::btrfs;

/// Increment when the same layers would give other files.
const FORMAT: &[u8] = b"vm-test subvolume 2";

/// The name of the subvolume in its directory.
///
/// The directory belongs to this user; the subvolume's root is that of the guest.
pub(super) const FILES: &str = "files";

/// Returns the key of an image's subvolume.
pub(in crate::image) fn key_of(image: &ImageRecord) -> String {
    Digest::of_parts([FORMAT, image.digest.as_bytes()])
        .key()
        .to_owned()
}

/// Returns the subvolume of an image whose layers are held, with the lock that keeps it.
///
/// # Errors
/// If the store is not on btrfs, or full.
pub(super) fn obtain(store: &Store, image: &ImageRecord) -> Result<(PathBuf, Held), Failure> {
    let key = key_of(image);
    let path = store.subvolumes().join(&key);
    let mut held = Held::default();
    if locks::hold_directory(&path, &mut held)? {
        return Ok((path, held));
    }
    let aside = format!("subvolume-{key}");
    let _reservation = store.reserve(&aside, || ())?;
    if locks::hold_directory(&path, &mut held)? {
        // Another lease made it while this one waited.
        return Ok((path, held));
    }
    let aside = store.staging().join(aside);
    space::await_removed(store.root(), &|| true);
    let before = space::free(store.root());
    let made = make(store, image, &aside, &path).map_err(|failure| {
        let step = format!("make a subvolume of image `{}`", image.name);
        space::explained(failure, store.root(), &step, before)
    });
    if made.is_err() {
        // If this fails, the next attempt or `gc` removes what is left.
        let _ = inside::remove(store.root(), &aside);
    }
    made?;
    if locks::hold_directory(&path, &mut held)? {
        Ok((path, held))
    } else {
        Err(cannot(image, &io::ErrorKind::NotFound.into()))
    }
}

fn make(store: &Store, image: &ImageRecord, aside: &Path, path: &Path) -> Result<(), Failure> {
    if aside.exists() {
        lock::wait_for_writers(aside).map_err(|error| cannot(image, &error))?;
        inside::remove(store.root(), aside)?;
    }
    let create = || -> io::Result<()> {
        make_open(aside)?;
        btrfs::create(&File::open(aside)?, OsStr::new(FILES))
    };
    create().map_err(|error| cannot(image, &error))?;
    let task = Task::Flatten {
        layers: files_of(store, image),
        into: store.relative(&aside.join(FILES)),
    };
    inside::perform(store.root(), task, None)?;
    let publish = || -> io::Result<()> {
        match fs::create_dir(store.subvolumes()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        // The content must be on disk before its name is.
        rustix::fs::syncfs(File::open(aside)?)?;
        fs::rename(aside, path)?;
        File::open(store.subvolumes())?.sync_all()
    };
    publish().map_err(|error| cannot(image, &error))
}

/// Returns the layers' files, relative to the store.
fn files_of(store: &Store, image: &ImageRecord) -> Vec<PathBuf> {
    let layers = image.layers.iter();
    layers
        .map(|key| store.relative(&store.files(key)))
        .collect()
}

/// Returns whether an image's subvolume, if it exists, equals an overlay of the layers.
pub(in crate::image) fn is_unchanged(store: &Store, image: &ImageRecord) -> Result<bool, Failure> {
    let path = store.subvolumes().join(key_of(image));
    let mut held = Held::default();
    if !locks::hold_directory(&path, &mut held)? {
        return Ok(true);
    }
    let digest = |layers| inside::hash(store.root(), Task::DigestWhole(layers));
    let files = vec![store.relative(&path.join(FILES))];
    Ok(digest(files)?.0 == digest(files_of(store, image))?.0)
}

/// Creates a directory that everybody can enter.
///
/// The guest's root, which is another user of the host, works in it.
pub(super) fn make_open(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
}

fn cannot(image: &ImageRecord, error: &io::Error) -> Failure {
    Failure::new(format!(
        "cannot make a subvolume of image `{}`: {error}",
        image.name
    ))
}
