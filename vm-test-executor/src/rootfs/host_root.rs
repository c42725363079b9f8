//! The host's root for a real root: one layer over `/`, one over every other disk, all with ids
//! mapped.

use super::fresh::is_fresh;
use super::plan::{By, Plan};
use super::step::Step;
use crate::host::mountinfo::Mount;
use std::path::{Path, PathBuf};

/// Mounts of other disks beyond this number are left out; a container engine may have hundreds.
const MOST: usize = 24;

/// Returns the plan.
pub(super) fn plan(mounts: &[Mount]) -> Plan {
    let mut plan = Plan::default();
    plan.layer(PathBuf::from("/"), By::Tree);
    let mut others: Vec<_> = mounts
        .iter()
        .filter(|mount| {
            mount.is_on_disk()
                && mount.kind != "overlay"
                && mount.target != Path::new("/")
                && !is_fresh(&mount.target)
                && mount.target.is_dir()
        })
        .map(|mount| mount.target.clone())
        .collect();
    others.sort();
    others.dedup();
    for target in others.into_iter().take(MOST) {
        plan.layer(target, By::OptionalTree);
    }
    plan.steps.push(Step::Empty {
        target: "/run".into(),
        mode: 0o755,
    });
    for dir in ["/tmp", "/var/tmp"] {
        plan.steps.push(Step::Empty {
            target: dir.into(),
            mode: 0o1777,
        });
    }
    plan
}
