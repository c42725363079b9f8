//! The host's root for an ordinary user: one layer per top-level directory, since `/` itself has mounts below it that
//! the kernel locks together in a user's namespace.
//!
//! What the real root owns appears as `nobody`'s and cannot be changed; new files can be made in the top-level
//! directories themselves.

use super::plan::{Lower, Plan, Step};
use super::{Mount, is_fresh};
use std::fs;
use std::path::{Path, PathBuf};

/// Directories with mounts below them are taken apart down to this depth.
const DEEPEST: usize = 4;

/// Files directly in such directories are copied, up to this size; larger ones are left out.
const MOST_BYTES: u64 = 1 << 20;

/// The plan.
pub(super) fn plan(mounts: &[Mount]) -> Plan {
    let mut plan = Plan::default();
    for fresh in super::FRESH {
        plan.steps.push(Step::Directory {
            target: fresh.into(),
            mode: if fresh == "/tmp" { 0o1777 } else { 0o755 },
        });
    }
    for path in children(Path::new("/")) {
        if !is_fresh(&path) {
            add(&mut plan, mounts, &path, 1);
        }
    }
    // It is the real root's, whose directories this user's guest could list but not write to.
    plan.steps.push(Step::Empty {
        target: "/var/tmp".into(),
        mode: 0o1777,
    });
    plan
}

fn add(plan: &mut Plan, mounts: &[Mount], path: &Path, depth: usize) {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return;
    };
    if meta.is_symlink() {
        if let Ok(content) = fs::read_link(path) {
            plan.steps.push(Step::Symlink {
                target: path.to_path_buf(),
                content,
            });
        }
        return;
    }
    if meta.is_file() {
        if depth > 1 && meta.len() <= MOST_BYTES && fs::File::open(path).is_ok() {
            plan.steps.push(Step::File {
                target: path.to_path_buf(),
                source: Lower::Path(path.to_path_buf()),
            });
        }
        return;
    }
    if !meta.is_dir() {
        return;
    }
    let kernels = mounts
        .iter()
        .any(|mount| mount.target == path && !mount.is_on_disk() && mount.kind != "tmpfs");
    let split = mounts
        .iter()
        .any(|mount| mount.target != path && mount.target.starts_with(path));
    // What this user cannot list stays an empty directory, as does what the kernel made up.
    let readable = fs::read_dir(path).is_ok();
    if readable && !kernels && !split {
        plan.layer(path.to_path_buf(), false, false);
        return;
    }
    plan.steps.push(Step::Directory {
        target: path.to_path_buf(),
        mode: 0o755,
    });
    if readable && !kernels && depth < DEEPEST {
        for child in children(path) {
            add(plan, mounts, &child, depth + 1);
        }
    }
}

fn children(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut children: Vec<_> = entries.map(|entry| entry.path()).collect();
    children.sort();
    children
}
