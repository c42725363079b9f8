//! Payload disks: disks with files of the host, for VMs.
//!
//! Each is made once per content, kept in the store, and shared. Does not know guests.

mod content;
mod item;
mod making;
mod owners;
mod steady;
mod walk;

pub use content::{Payload, is_cache};
pub use item::DISK;
pub use making::{COMMAND, main};
