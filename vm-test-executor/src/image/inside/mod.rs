//! Work that needs root over all of a guest's ids, in a process in the user's namespaces.
//!
//! Knows only the store's directory; the modules below do the work.

mod process;
mod task;

pub use process::{COMMAND, main};
pub(super) use process::{hash, perform, perform_to, remove};
pub(super) use task::{Done, Task};
