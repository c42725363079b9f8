//! Images from elsewhere: archives, directories, OCI layouts, disks, boxes, this host itself. What comes in is hostile until it has been
//! read to its end in the user's namespaces; only then something is unpacked.

mod archive;
mod attributes;
mod compression;
mod directory;
mod disk;
mod document;
mod findings;
mod foreign;
mod host;
mod layout;
mod limits;
mod machine;
mod manifest;
mod meter;
mod names;
mod order;
mod qcow2;
mod refusal;
mod source;
mod survey;
mod system;
mod unpack;
mod vagrant;
mod walk;
mod writer;

pub(super) use foreign::Stack;
pub(super) use order::Order;
pub use source::Source;
