//! An image as one subvolume of btrfs, from which guests get snapshots: made of its layers for the first snapshot,
//! and kept beside them under the image's digest. Starts no guest.

use super::locks::{self, Held};
use super::record::ImageRecord;
use super::space;
use super::store::Store;
use crate::image::inside::{self, Task};
use crate::image::layer::digest::of_parts;
use crate::image::layer::lock;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_sys::btrfs;

/// Raised when the same layers would give other files.
const FORMAT: &[u8] = b"vm-test subvolume 2";

/// The subvolume, in a directory of this user's: its root is that of the image, and so that of a guest.
pub(super) const FILES: &str = "files";

/// The name of the subvolume of an image.
pub(in crate::image) fn key_of(image: &ImageRecord) -> String {
    of_parts([FORMAT, image.digest.as_bytes()])[..32].to_owned()
}

impl Store {
    pub(in crate::image) fn subvolumes(&self) -> PathBuf {
        self.root().join("subvolumes")
    }

    /// The subvolume of an image whose layers are held, with the lock that keeps it.
    ///
    /// # Errors
    /// If the store is not on btrfs, or full.
    pub(super) fn subvolume(&self, image: &ImageRecord) -> Result<(PathBuf, Held), Failure> {
        let key = key_of(image);
        let path = self.subvolumes().join(&key);
        let mut held = Held::default();
        if locks::hold_directory(&path, &mut held)? {
            return Ok((path, held));
        }
        let aside = format!("subvolume-{key}");
        let _reservation = self.reserve(&aside, || ())?;
        if locks::hold_directory(&path, &mut held)? {
            // Another lease made it while this one waited.
            return Ok((path, held));
        }
        let aside = self.aside().join(aside);
        space::await_removed(self.root(), &|| true);
        let before = space::free(self.root());
        let made =
            self.make_subvolume(image, &aside, &path)
                .map_err(
                    |failure| match space::is_full(&failure, self.root(), false) {
                        true => {
                            let step = format!("make a subvolume of image `{}`", image.name);
                            space::full(self.root(), &step, before, None)
                        }
                        false => failure,
                    },
                );
        if made.is_err() {
            // What is left of it is rubbish, which the next one or `gc` removes if this cannot.
            let _ = inside::remove(self.root(), &aside);
        }
        made?;
        match locks::hold_directory(&path, &mut held)? {
            true => Ok((path, held)),
            false => Err(cannot(image, &io::ErrorKind::NotFound.into())),
        }
    }

    fn make_subvolume(
        &self,
        image: &ImageRecord,
        aside: &Path,
        path: &Path,
    ) -> Result<(), Failure> {
        if aside.exists() {
            lock::await_others(aside).map_err(|error| cannot(image, &error))?;
            inside::remove(self.root(), aside)?;
        }
        let create = || -> io::Result<()> {
            make_open(aside)?;
            btrfs::create(&File::open(aside)?, OsStr::new(FILES))
        };
        create().map_err(|error| cannot(image, &error))?;
        let task = Task::Flatten {
            layers: self.files_of(image),
            into: self.relative(&aside.join(FILES)),
        };
        inside::perform(self.root(), task, None)?;
        let publish = || -> io::Result<()> {
            match fs::create_dir(self.subvolumes()) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            // Whatever it holds must be on disk before its name is.
            rustix::fs::syncfs(File::open(aside)?)?;
            fs::rename(aside, path)?;
            File::open(self.subvolumes())?.sync_all()
        };
        publish().map_err(|error| cannot(image, &error))
    }

    /// The layers' files, as the process that works in the user's namespaces is told them.
    fn files_of(&self, image: &ImageRecord) -> Vec<PathBuf> {
        let layers = image.layers.iter();
        layers.map(|key| self.relative(&self.files(key))).collect()
    }

    /// Whether the files of an image's subvolume, if it has one, are what an overlay of the layers shows.
    pub(in crate::image) fn verify_subvolume(&self, image: &ImageRecord) -> Result<bool, Failure> {
        let path = self.subvolumes().join(key_of(image));
        let mut held = Held::default();
        if !locks::hold_directory(&path, &mut held)? {
            return Ok(true);
        }
        let digest = |layers| inside::perform(self.root(), Task::DigestWhole(layers), None);
        let files = vec![self.relative(&path.join(FILES))];
        Ok(digest(files)?.digest == digest(self.files_of(image))?.digest)
    }
}

/// Makes a directory that everybody can get through: root of a guest works in there, too, and as root of the host that is
/// another user.
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
