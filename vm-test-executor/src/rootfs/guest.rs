//! The whole plan of a guest's root: its base, what is shared with it, and what is hidden from it.

use super::image::Root;
use super::plan::Plan;
use super::{host_root, host_user, image, shares};
use crate::host::mountinfo::mounts;
use std::path::PathBuf;

/// Returns the plan for a guest over the host's own root file system, without `hidden` files.
///
/// `as_root` selects the plan for the real root instead of an ordinary user.
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

/// Returns the plan for a guest that starts from an image, with `hidden` files left out of the
/// shares.
#[must_use]
pub fn image_plan(as_root: bool, root: &Root, shares: &[PathBuf], hidden: &[PathBuf]) -> Plan {
    let mut plan = image::plan(as_root, root);
    shares::add(&mut plan, &mounts(), as_root, shares);
    plan.hide(hidden);
    plan
}
