//! What runs a guest in its keeper's mount namespace: a container of liblxc, or a VM of QEMU.

mod errors;
pub mod kvm;
mod lxc;
mod room;
pub mod stamp;
mod unrun;

pub use errors::last_line;
pub use lxc::{Boot, Machine, Network, library_version, run as run_container};
pub use room::{ROOM, STREAM};
pub use unrun::Unrun;
