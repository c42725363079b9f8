//! Imported images: archives, directories, OCI layouts, disks, boxes, this host itself. Input is treated as hostile until it
//! has been read to the end in the user's namespaces; only then is anything unpacked.

mod archive;
mod attributes;
mod below;
mod capability;
mod compression;
mod contents;
mod directory;
mod disk;
mod document;
mod entries;
mod extended;
mod findings;
mod foreign;
mod header;
mod host;
mod layer_count;
mod layout;
mod likeness;
mod limits;
mod machine;
mod manifest;
mod meter;
mod names;
mod order;
mod qcow2;
mod refusal;
mod saved;
mod source;
mod sparse;
mod survey;
mod system;
mod unpack;
mod vagrant;
mod walk;
mod writer;

pub(super) use foreign::Stack;
pub(super) use order::Order;
pub use source::Source;
