//! What a guest is to be: built-in guests, `vm-test.toml`, and what a site sets, in rising precedence. Starts nothing.

mod file;
mod guest;
pub mod quantity;

pub use file::{FILE, Workspace};
pub use guest::{Backend, Guest, HOST, HOST_IMAGE};
