//! What VMs start from, stored beside the layers and made once: the files of an image's VM,
//! initramfs, templates. Has them made in the user's namespaces; boots nothing, and knows no
//! recipe.

mod cpio;
mod files;
mod initramfs;
mod sparse;
mod template;

pub use files::{Machine, MachineRecord};
pub(super) use files::{is_needed, verify};
pub use initramfs::Initramfs;
pub use template::{LENGTHS, Template};
