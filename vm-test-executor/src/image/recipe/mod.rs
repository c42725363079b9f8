//! Recipes: what an image is made of, in the words of its user. Reads and checks; knows no store
//! and makes nothing.

mod base;
mod entry;
mod kernel;
#[expect(
    clippy::module_inception,
    reason = "the room has the name of what it is about"
)]
mod recipe;
mod users;

pub use base::Base;
pub(super) use base::RELEASES;
pub(super) use entry::{FileEntry, RunEntry};
pub use kernel::Kernel;
pub(super) use recipe::ready_names;
pub use recipe::{Recipe, find};
