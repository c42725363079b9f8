//! The files that a VM boots from, made from an image's layers: root disk, kernel and modules.
//!
//! Works on paths in a process in the user's namespaces; does not know the store and boots nothing.

pub(super) mod assembly;
pub(super) mod bzimage;
pub(super) mod kernel;
mod modules;
mod package;

pub(super) use assembly::{Order, carry_out};
pub(super) use package::{releases, unpack as unpack_package};
