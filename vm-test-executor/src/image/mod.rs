//! Images: what guests start from.
//!
//! A recipe is built into layers, each stored once under the hash of its inputs; an image is a name
//! for a stack of them. Nothing is ever changed in place. ARCHITECTURE.md lists the modules and
//! their order.

mod archive;
mod boot;
mod build;
mod collection;
mod export;
mod import;
mod inside;
mod layer;
mod machine;
pub mod payload;
mod recipe;
mod registry;
mod store;
mod verification;

pub use build::{Progress, Session, build, with_kernel};
pub use collection::{collect, trim_set_ups};
pub use export::export;
pub use import::{Runner, Source};
pub use inside::{COMMAND as INSIDE_COMMAND, main as inside_main};
pub use layer::digest::Digest;
pub use layer::key::LayerKey;
pub use machine::{Initramfs, LENGTHS, Machine, MachineRecord, Template};
pub use recipe::{
    Base, Kernel, Recipe, Reference, file as recipe_file, find as find_recipe,
    schema as recipe_schema,
};
pub use store::remains::{Collected, clear};
pub use store::{
    Held, ImageRecord, KernelRecord, LayerRecord, MOUNT_OPTIONS, Programs, Reservation, Snapshot,
    Store, absent, disk_of, images, layers, refresh_host, set_ups, sweep as sweep_snapshots,
};
pub use verification::verify;
