//! What runs a guest in its keeper's mount namespace: a container, or a VM of QEMU.

mod container;
mod direct;
mod errors;
pub mod kvm;
mod lxc;
mod room;
pub mod stamp;
mod unrun;

pub use container::{Boot, Machine, Network};
pub use direct::run as run_container;
pub use errors::last_line;
pub use lxc::{library_version, run as run_by_lxc};
pub use room::{ROOM, STREAM};
pub use unrun::Unrun;
