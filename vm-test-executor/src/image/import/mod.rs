//! Sources of images: archives, directories, OCI layouts, disks, this host. Opens and hashes them;
//! entries of archives are read in the user's namespaces only, file systems of disks in a VM only.
//! Of recipes it knows the base.

mod directory;
mod disk;
mod document;
mod foreign;
mod host;
mod layer_count;
mod layout;
mod manifest;
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
