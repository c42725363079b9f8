//! Recipes: users' descriptions of how images are made.
//!
//! Parses and checks them; does not know the store and makes nothing.

mod base;
mod entry;
mod kernel;
#[expect(
    clippy::module_inception,
    reason = "the module has the name of what it is about"
)]
mod recipe;
mod reference;
mod schema;
mod users;

pub use base::Base;
pub(super) use entry::{FileEntry, RunEntry};
pub use kernel::Kernel;
pub(super) use recipe::ready_names;
pub use recipe::{Recipe, file, find};
pub(super) use reference::EXAMPLE;
pub use reference::Reference;
pub use schema::schema;
