//! What the root of a guest is stacked of: the layers of its image, or those so far of one that is being built. They are
//! locked, so that nobody removes them as long as the instance lives. Mounts nothing.

use crate::config::{Guest, HOST_IMAGE};
use crate::image::{Held, ImageRecord, Store};
use std::path::{Path, PathBuf};
use vm_test::protocol::daemon::LeaseRequest;
use vm_test::protocol::failure::Failure;

/// How many characters of a digest are shown to people.
const SHORT: usize = 12;

/// The layers below a guest's root. Dropping this lets others remove them.
#[derive(Debug)]
pub(super) struct Layers {
    /// The directories with the layers' files, the base first.
    pub(super) below: Vec<PathBuf>,
    /// Where what the guest writes stays, if it does.
    pub(super) above: Option<PathBuf>,
    /// The image, if it is a finished one.
    image: Option<ImageRecord>,
    _held: Held,
}

impl Layers {
    /// What the guest is, for people, with the digest of its image.
    pub(super) fn describe(&self, guest: &Guest) -> String {
        let digest = self
            .image
            .as_ref()
            .and_then(|image| image.digest.get(..SHORT));
        digest.map_or_else(
            || guest.description(),
            |digest| format!("{} ({digest})", guest.description()),
        )
    }

    /// Those of the guest; `None` if its root is the host's.
    pub(super) fn of(guest: &Guest, request: &LeaseRequest) -> Result<Option<Self>, Failure> {
        if guest.image == HOST_IMAGE && request.build.is_none() {
            return Ok(None);
        }
        let store = Store::open(Path::new(&request.store))?;
        let Some(build) = &request.build else {
            let (image, held) = store.hold_image(&guest.image)?;
            return Ok(Some(Self {
                below: image.layers.iter().map(|key| store.files(key)).collect(),
                above: None,
                image: Some(image),
                _held: held,
            }));
        };
        let mut held = Held::default();
        let above = store.root().join(&build.aside);
        store.hold_aside(&above, &mut held)?;
        for key in &build.below {
            if !store.hold(key, &mut held)? {
                return Err(Failure::new(format!(
                    "cannot start guest `{}`: the layer {key} is not in the store any more",
                    guest.name
                )));
            }
        }
        Ok(Some(Self {
            below: build.below.iter().map(|key| store.files(key)).collect(),
            above: Some(above),
            image: None,
            _held: held,
        }))
    }
}
