//! The artifacts that VMs start from: an image's VM files, initramfs, templates.
//!
//! Each is made once and stored beside the layers. Boots nothing, and does not know recipes.

mod cpio;
mod files;
mod initramfs;
mod node_template;
mod sparse;
mod template;

pub use files::{Machine, MachineRecord};
pub(super) use files::{is_needed, key_for, verify};
pub use initramfs::Initramfs;
pub use template::{LENGTHS, Template};
