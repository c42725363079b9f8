//! How a guest's root file system is put together from directories of the host. Plans; mounts nothing.
//!
//! A plan is made by the daemon, which sees the host as it is, and carried out by a keeper, which sees it from within
//! its own namespaces.

mod host_root;
mod host_user;
mod image;
mod links;
mod mountinfo;
mod plan;
mod shares;
mod split;

pub use image::Root;
pub use links::follow;
pub use mountinfo::{Mount, mounts};
pub use plan::{Lower, Plan, Step, Tree};

use std::path::{Path, PathBuf};

/// Directories of the host's root that every guest has afresh, never from the host.
const FRESH: [&str; 5] = ["/dev", "/proc", "/run", "/sys", "/tmp"];

/// The plan for a guest over the host's own root file system, for a real root if `as_root`, else for an ordinary user. Of
/// the host's files it has none that are `hidden`.
#[must_use]
pub fn host_plan(as_root: bool, shares: &[PathBuf], hidden: &[PathBuf]) -> Plan {
    let mounts = mounts();
    let mut plan = if as_root {
        host_root::plan(&mounts)
    } else {
        host_user::plan(&mounts)
    };
    shares::add(&mut plan, &mounts, as_root, shares);
    plan.hide(hidden);
    plan
}

/// The plan for a guest that starts from an image, with what is `hidden` left out of the shares.
#[must_use]
pub fn image_plan(as_root: bool, root: &Root, shares: &[PathBuf], hidden: &[PathBuf]) -> Plan {
    let mut plan = image::plan(as_root, root);
    shares::add(&mut plan, &mounts(), as_root, shares);
    plan.hide(hidden);
    plan
}

fn is_fresh(path: &Path) -> bool {
    FRESH.iter().any(|fresh| path.starts_with(fresh))
}
