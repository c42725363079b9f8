//! Commits: saves what one session in a guest wrote as a layer above the guest's layers.
//!
//! Starts no guest, and changes nothing that is already in the store.

use crate::image::inside::{self, Task};
use crate::image::layer::key::LayerKey;
use crate::image::layer::lock;
use crate::image::store::staging::{self, make_empty};
use crate::image::store::{Held, ImageRecord, LayerRecord, Reservation, Store, images, layers};
use std::path::{Path, PathBuf};
use vm_test_protocol::daemon::LayerBuild;
use vm_test_protocol::failure::Failure;

/// A session whose writes go to the store.
///
/// Unless it is committed, dropping it removes them.
#[derive(Debug)]
pub struct Session<'a> {
    store: &'a Store,
    name: String,
    parent: ImageRecord,
    aside: PathBuf,
    /// Whether a function of a test binary writes, and no user.
    is_set_up: bool,
    _held: Held,
    _reservation: Reservation,
}

impl<'a> Session<'a> {
    /// Creates the staging directory for a session in `image` that is to be committed as `name`.
    ///
    /// # Errors
    /// If the image does not exist, or the store cannot be written to.
    pub fn begin(store: &'a Store, image: &str, name: &str) -> Result<Self, Failure> {
        images::check_name(name)?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let nanos = now.map_or(0, |now| now.as_nanos());
        let key = format!("session-{}-{nanos:x}", std::process::id());
        let reservation = store.reserve(&key, || ())?;
        Self::begin_at(store, (image, name), &key, reservation, false)
    }

    /// Creates the staging directory for a set-up in `image` that is to be committed as `name`,
    /// which is reserved.
    ///
    /// # Errors
    /// If the image does not exist, or the store cannot be written to.
    pub fn of_set_up(
        store: &'a Store,
        image: &str,
        name: &str,
        reservation: Reservation,
    ) -> Result<Self, Failure> {
        // What a killed daemon has left there.
        staging::remove(store, &store.staging().join(name))?;
        Self::begin_at(store, (image, name), name, reservation, true)
    }

    fn begin_at(
        store: &'a Store,
        (image, name): (&str, &str),
        key: &str,
        reservation: Reservation,
        is_set_up: bool,
    ) -> Result<Self, Failure> {
        let (parent, held) = images::hold(store, image)?;
        let session = Self {
            store,
            name: name.to_owned(),
            parent,
            aside: store.staging().join(key),
            is_set_up,
            _held: held,
            _reservation: reservation,
        };
        make_empty(&session.aside)?;
        let dirs = ["files", "work"].map(|dir| store.relative(&session.aside.join(dir)));
        inside::perform(store.root(), Task::Make(dirs.to_vec()), None)?;
        Ok(session)
    }

    /// Returns the directory that the session's instance writes to.
    #[must_use]
    pub fn layer(&self) -> LayerBuild {
        let aside = self.store.relative(&self.aside);
        LayerBuild {
            below: self.parent.layers.iter().map(LayerKey::to_string).collect(),
            aside: aside.to_string_lossy().into_owned(),
            network: false,
            set_up: self.is_set_up,
        }
    }

    /// Publishes what the session wrote as the image.
    ///
    /// `mounted` are host directories that were shared at the same path: empty directories created
    /// only as their mountpoints are removed.
    ///
    /// # Errors
    /// If it cannot be published; then nothing has changed.
    pub fn commit(&self, mounted: &[PathBuf]) -> Result<ImageRecord, Failure> {
        let (store, name) = (self.store, &self.name);
        let cannot =
            |error: std::io::Error| Failure::new(format!("cannot commit image `{name}`: {error}"));
        // The lease has ended, but the instance may still be shutting down.
        lock::wait_for_writers(&self.aside).map_err(cannot)?;
        let files = store.relative(&self.aside.join("files"));
        let below = self.parent.layers.iter();
        let task = Task::Prune {
            files: files.clone(),
            below: below.map(|key| store.relative(&store.files(key))).collect(),
            mounted: mounted.to_vec(),
        };
        inside::perform(store.root(), task, None)?;
        let work = store.relative(&self.aside.join("work"));
        inside::perform(store.root(), Task::Remove(work), None)?;
        let (digest, bytes) = inside::hash(store.root(), Task::Digest(files))?;
        let parent = self.parent.layers.last().map_or("", LayerKey::as_str);
        let parts = [b"commit", parent.as_bytes(), digest.as_bytes()];
        let key = LayerKey::of_parts(parts);
        let _reservation = store.reserve(key.as_str(), || ())?;
        let what = if self.is_set_up {
            "a set-up"
        } else {
            "a session"
        };
        let mut held = Held::default();
        if !layers::hold(store, &key, &mut held)? {
            let record = LayerRecord {
                key: key.clone(),
                digest,
                step: format!("commit {what} in {}", self.parent.name),
                bytes,
            };
            layers::publish(store, &self.aside, &record)?;
            layers::hold(store, &key, &mut held)?;
        }
        let mut layers = self.parent.layers.clone();
        layers.push(key);
        let mut record = images::compose(store, name, layers);
        record.init = self.parent.init;
        record.kernel = self.parent.kernel.clone();
        images::publish(store, &record)?;
        Ok(record)
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if self.aside.exists() {
            // If this fails, `gc` removes what is left.
            let _ = lock::wait_for_writers(&self.aside);
            let aside = self.store.relative(Path::new(&self.aside));
            let _ = inside::perform(self.store.root(), Task::Remove(aside), None);
        }
    }
}
