//! What a guest is to be: built-in guests, `vm-test.toml`, and what a site sets, in rising precedence. Starts nothing.

mod file;
mod guest;
mod init;
pub mod quantity;

pub(crate) use file::suggestion;
pub use file::{FILE, Workspace};
pub use guest::{Backend, Guest, HOST, HOST_IMAGE};
pub use init::Init;
