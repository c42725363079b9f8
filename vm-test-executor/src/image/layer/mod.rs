//! Trees of files on the host's disk, by their paths: hashed, merged, removed, locked. Knows no
//! store, no recipe and no guest; it is below all other rooms.

pub(super) mod archiver;
pub(super) mod bootstrap;
pub(super) mod cache;
pub(super) mod digest;
pub(super) mod flatten;
pub(super) mod footprint;
pub(super) mod key;
pub(super) mod lock;
pub(super) mod merge;
pub(super) mod removal;
pub(super) mod stacked;
pub(super) mod tree;
