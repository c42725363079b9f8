//! Disks with files of the host, for VMs: each is made once per content, kept in the store, and shared. Knows no guest.

mod content;
mod item;
mod making;
mod owners;
mod steady;
mod walk;

pub use content::{Payload, is_cache};
pub use item::DISK;
pub use making::{COMMAND, main};
