//! How a guest's root file system is put together from directories of the host. Plans; mounts
//! nothing.
//!
//! A plan is made by the daemon, which sees the host as it is, and carried out by a keeper, which
//! sees it from within its own namespaces.

mod fresh;
mod guest;
mod host_root;
mod host_user;
mod image;
mod plan;
mod shares;
mod split;
mod step;

pub use guest::{host_plan, image_plan};
pub use image::Root;
pub use plan::{By, Plan, Tree};
pub use step::{Lower, Step};
