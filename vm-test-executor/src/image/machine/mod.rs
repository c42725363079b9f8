//! What a VM boots from: the kernels of images, root file systems as disks, modules, initramfs. All of it is made once per
//! image, and stored beside the layers. Boots nothing.

mod assembly;
mod bzimage;
mod cpio;
mod files;
mod initramfs;
mod kernel;
mod modules;
mod package;
mod sparse;

pub(super) use assembly::{Order, carry_out};
pub use files::{Machine, MachineRecord};
pub(super) use files::{is_needed, verify};
pub use initramfs::Initramfs;
pub(super) use kernel::{INDEX, files as kernel_files, modules_beside, suite_of};
pub(super) use package::{releases, unpack as unpack_package};
