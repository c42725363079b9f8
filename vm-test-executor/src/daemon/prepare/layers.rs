//! What the root of a guest is made of: the layers of its image, a snapshot of it, or the finished
//! layers of an image that is being built. All of them are locked, so that they are not removed
//! while the instance runs. Mounts nothing.

use super::super::instance::cannot;
use super::order::Order;
use super::stores::Stores;
use crate::config::{Guest, HOST_IMAGE, Rollback};
use crate::image::{Held, ImageRecord, Snapshot, Store, images, layers};
use crate::rootfs::Root;
use std::path::PathBuf;
use vm_test_protocol::daemon::LayerBuild;
use vm_test_protocol::failure::Failure;

/// What is below a guest's root. Dropping this lets others remove it.
#[derive(Debug)]
pub(super) struct Layers {
    /// The directories that become the root.
    pub(super) root: Root,
    /// The image, if it is a finished one.
    image: Option<ImageRecord>,
    /// Removed with the instance.
    snapshot: Option<Snapshot>,
    _held: Held,
}

impl Layers {
    /// Describes the guest for people, with the digest of its image.
    pub(super) fn describe(&self, guest: &Guest) -> String {
        let digest = self.image.as_ref().map(|image| image.digest.short());
        let snapshot = if self.snapshot.is_some() {
            ", snapshot"
        } else {
            ""
        };
        digest.map_or_else(
            || guest.description(),
            |digest| format!("{} ({digest}{snapshot})", guest.description()),
        )
    }

    /// Returns whether several instances can be made of it.
    pub(super) fn is_shared(&self) -> bool {
        self.snapshot.is_none()
    }

    /// Returns how many bytes its snapshot began with, if there was little space and that of
    /// removed snapshots was still to come.
    pub(super) fn scarce(&self) -> Option<u64> {
        self.snapshot.as_ref()?.scarce()
    }

    /// Returns the layers of the guest; `None` if its root is the host's.
    ///
    /// `settled` tells whether none is about to be removed.
    pub(super) fn of(
        order: &Order<'_>,
        instance: &str,
        stores: &Stores,
        settled: &dyn Fn() -> bool,
    ) -> Result<Option<Self>, Failure> {
        let guest = &order.guest;
        if let Some(build) = &order.request.build {
            return Self::of_build(guest, order.source.store()?, build).map(Some);
        }
        if guest.image == HOST_IMAGE {
            return match guest.rollback {
                Some(Rollback::Snapshot) => Err(cannot(
                    guest,
                    "rollback = \"snapshot\" needs an image, and this guest is over the host's root",
                )
                .hint("use an image, as in image = \"debian-12\", or leave rollback out")),
                _ => Ok(None),
            };
        }
        let store = order.source.store()?;
        let (image, held) = images::hold(store, &guest.image_to_start_from())?;
        let snapshot = match choose(guest, store, stores)? {
            Rollback::Snapshot => Some(Snapshot::new(store, &image, instance, settled)?),
            Rollback::Overlay => None,
        };
        let root = match &snapshot {
            Some(snapshot) => Root::Own(snapshot.files()),
            None => Root::Layers {
                below: image.layers.iter().map(|key| store.files(key)).collect(),
                above: None,
            },
        };
        Ok(Some(Self {
            root,
            image: Some(image),
            snapshot,
            _held: held,
        }))
    }

    fn of_build(guest: &Guest, store: &Store, build: &LayerBuild) -> Result<Self, Failure> {
        let mut held = Held::default();
        let above: PathBuf = store.root().join(&build.aside);
        store.hold_staging(&above, &mut held)?;
        let mut below = Vec::new();
        for text in &build.below {
            // What is not a key is not in the store either.
            match text.parse() {
                Ok(key) if layers::hold(store, &key, &mut held)? => below.push(store.files(&key)),
                _ => {
                    return Err(cannot(
                        guest,
                        &format!("the layer {text} is not in the store any more"),
                    ));
                }
            }
        }
        Ok(Self {
            root: Root::Layers {
                below,
                above: Some(above),
            },
            image: None,
            snapshot: None,
            _held: held,
        })
    }
}

/// Returns how the guest's writes are rolled back.
///
/// Overlays are the default on btrfs, too: a snapshot takes longer to make, and shares no cached
/// pages of files with others.
fn choose(guest: &Guest, store: &Store, stores: &Stores) -> Result<Rollback, Failure> {
    let rollback = guest.rollback.unwrap_or(Rollback::Overlay);
    if rollback == Rollback::Snapshot {
        if !store.is_on_btrfs() {
            let cause = format!(
                "rollback = \"snapshot\" needs a store on btrfs, and {} is on another file system",
                store.root().display()
            );
            return Err(cannot(guest, &cause)
                .hint("as root: vm-test store create --btrfs --size 20G; or leave rollback out")
                .missing());
        }
        stores.prepare(store)?;
    }
    Ok(rollback)
}
