//! The configuration of a guest: built-in guests, `vm-test.toml`, and what a site sets, in rising
//! precedence.

mod accelerator;
mod backend;
mod checks;
pub mod document;
mod file;
mod guest;
mod init;
mod kernel;
mod rollback;
mod table;

pub use accelerator::Accelerator;
pub use backend::Backend;
pub use file::{FILE, Workspace};
pub use guest::{Guest, HOST, HOST_IMAGE};
pub use init::Init;
pub use kernel::{OtherKernel, split as split_kernel};
pub use rollback::Rollback;
