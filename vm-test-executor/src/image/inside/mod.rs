//! Work that needs root over all of a guest's ids, done by a process in the user's namespaces: the
//! process, and its tasks. Knows the store's directory only, and calls the rooms below for the
//! work.

mod process;
mod task;

pub use process::{COMMAND, main};
pub(super) use process::{hash, perform, perform_to, remove};
pub(super) use task::{Done, Task};
