//! Trees of files on the host's disk, by their paths: hashed, merged, removed, locked.
//!
//! Does not know the store, recipes or guests; it is below all other modules of `image`.

pub(super) mod archiver;
pub(super) mod bootstrap;
pub(super) mod cache;
pub(super) mod digest;
pub(super) mod flatten;
pub(super) mod footprint;
pub(super) mod key;
pub(super) mod lock;
pub(super) mod merge;
pub(super) mod release;
pub(super) mod removal;
pub(super) mod stacked;
pub(super) mod tree;
