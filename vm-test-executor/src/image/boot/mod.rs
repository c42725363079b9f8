//! What a VM boots from, made out of the layers of an image: its root as a disk, its kernel, its
//! modules. Works on paths in a process in the user's namespaces; knows no store and boots nothing.

pub(super) mod assembly;
pub(super) mod bzimage;
pub(super) mod kernel;
mod modules;
mod package;

pub(super) use assembly::{Order, carry_out};
pub(super) use package::{releases, unpack as unpack_package};
