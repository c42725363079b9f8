//! The store: layers, images, subvolumes, snapshots and artifacts, with records and locks.
//!
//! Publishes what others have made; does not know recipes' steps, sources of images, or VMs.

mod absent;
pub(super) mod artifact;
pub(super) mod fingerprint;
pub mod images;
pub mod layers;
mod locks;
mod place;
mod programs;
pub(super) mod pulled;
mod record;
mod refresh;
pub(super) mod remains;
pub mod set_ups;
mod snapshot;
pub(super) mod space;
pub(super) mod staging;
#[expect(
    clippy::module_inception,
    reason = "the module has the name of what it is about"
)]
mod store;
pub(super) mod subvolume;

pub use absent::absent;
pub(super) use artifact::{Artifact, Lasting};
pub use locks::{Held, Reservation};
pub use place::{MOUNT_OPTIONS, disk_of};
pub use programs::Programs;
pub(super) use record::write_json;
pub use record::{ImageRecord, KernelRecord, LayerRecord};
pub use refresh::refresh_host;
pub(super) use refresh::refreshed;
pub use snapshot::{Snapshot, sweep};
pub use store::Store;
