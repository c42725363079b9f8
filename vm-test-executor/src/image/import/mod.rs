//! Sources of images: archives, directories, OCI layouts, registries, disks, this host.
//!
//! Opens and hashes them; archive entries are read only in the user's namespaces, file systems of
//! disks only in a VM. Of recipes, it knows only the base.

mod directory;
mod disk;
mod document;
mod foreign;
mod host;
mod layer_count;
mod layout;
mod manifest;
mod pull;
mod qcow2;
mod runner;
mod saved;
mod source;
mod system;
mod tarball;
mod vagrant;
mod walk;

pub(super) use foreign::Stack;
pub use runner::Runner;
pub use source::Source;
