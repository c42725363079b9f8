//! The configuration of guests and labs: built-in guests, `vm-test.toml`, and what a site sets, in
//! rising precedence.

mod accelerator;
mod backend;
mod checks;
mod declarations;
pub mod document;
mod effective;
mod file;
mod groups;
mod guest;
mod guests;
mod init;
mod kernel;
pub mod lab;
mod mistake;
mod placements;
mod readings;
mod rollback;
mod schema;
mod set_up;
pub mod shape;
mod table;
mod value;
mod values;

pub use accelerator::Accelerator;
pub use backend::Backend;
pub use effective::{Effective, Origin};
pub use file::Workspace;
pub use guest::{Guest, HOST, HOST_IMAGE};
pub use init::Init;
pub use kernel::{OtherKernel, split as split_kernel};
pub use mistake::FILE;
pub use placements::Placed;
pub use readings::Readings;
pub use rollback::Rollback;
pub use schema::schema;
