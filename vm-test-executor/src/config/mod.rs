//! The configuration of guests and labs: built-in guests, `vm-test.toml`, and what a site sets, in
//! rising precedence.

mod accelerator;
mod backend;
mod checks;
mod declarations;
pub mod document;
mod file;
mod guest;
mod guests;
mod init;
mod kernel;
pub mod lab;
mod mistake;
mod rollback;
mod table;
mod value;

pub use accelerator::Accelerator;
pub use backend::Backend;
pub use file::Workspace;
pub use guest::{Guest, HOST, HOST_IMAGE};
pub use init::Init;
pub use kernel::{OtherKernel, split as split_kernel};
pub use mistake::FILE;
pub use rollback::Rollback;
