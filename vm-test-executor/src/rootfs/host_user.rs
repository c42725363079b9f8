//! The host's root for an ordinary user: one layer per top-level directory, since `/` itself has
//! mounts below it that the kernel locks together in a user's namespace.
//!
//! What the real root owns appears as `nobody`'s and cannot be changed; new files can be made in
//! the top-level directories themselves.

use super::fresh::{FRESH, is_fresh};
use super::plan::Plan;
use super::split::{Split, children};
use super::step::Step;
use crate::host::mountinfo::Mount;
use std::path::Path;

/// Directories with mounts below them are split down to this depth.
const DEEPEST: usize = 4;

/// Files directly in a split directory are copied up to this size, in bytes; larger ones are left
/// out.
const MOST_BYTES: u64 = 1 << 20;

/// Returns the plan.
pub(super) fn plan(mounts: &[Mount]) -> Plan {
    let mut plan = Plan::default();
    for fresh in FRESH {
        plan.steps.push(Step::Directory {
            target: fresh.into(),
            mode: if fresh == "/tmp" { 0o1777 } else { 0o755 },
        });
    }
    let split = Split {
        mounts,
        deepest: DEEPEST,
        most_bytes: MOST_BYTES,
    };
    for path in children(Path::new("/")) {
        if !is_fresh(&path) {
            split.add(&mut plan, &path, 1);
        }
    }
    // It belongs to the real root, so this user's guest could list its directories but not write to
    // them.
    plan.steps.push(Step::Empty {
        target: "/var/tmp".into(),
        mode: 0o1777,
    });
    plan
}
