//! Directories that a guest must have at the host's path, where its root does not have them already.

use super::plan::{Lower, Plan, Step};
use super::{Mount, mountinfo};
use std::path::{Path, PathBuf};

/// Adds those shares that the plan does not cover.
pub(super) fn add(plan: &mut Plan, mounts: &[Mount], as_root: bool, shares: &[PathBuf]) {
    let mut shares: Vec<_> = shares
        .iter()
        .filter_map(|path| path.canonicalize().ok())
        .filter(|path| path.is_dir() && path.parent().is_some())
        .collect();
    shares.sort();
    shares.dedup();
    let mut added: Vec<PathBuf> = Vec::new();
    for share in shares {
        let inside = added.iter().any(|outer| {
            share.starts_with(outer) && mount_of(mounts, &share) == mount_of(mounts, outer)
        });
        if inside || covered(plan, mounts, &share) {
            continue;
        }
        plan.layer(share.clone(), as_root, false);
        added.push(share);
    }
}

/// Whether the guest sees this directory of the host already: the last step at or above it is a layer over the same
/// mount.
fn covered(plan: &Plan, mounts: &[Mount], share: &Path) -> bool {
    let last = plan.steps.iter().rev().find_map(|step| match step {
        Step::Layer { target, lower } if share.starts_with(target) => Some(Some(lower)),
        Step::Empty { target, .. }
        | Step::Stack { target, .. }
        | Step::Directory { target, .. }
            if share.starts_with(target) =>
        {
            Some(None)
        }
        _ => None,
    });
    match last {
        Some(Some(lower)) => {
            let lower = match lower {
                Lower::Path(path) => path,
                Lower::Tree(number) => &plan.trees[*number].path,
            };
            mount_of(mounts, lower) == mount_of(mounts, share)
        }
        _ => false,
    }
}

fn mount_of<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Path> {
    mountinfo::holding(mounts, path).map(|mount| mount.target.as_path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_below_a_fresh_directory_is_added_once_and_a_covered_one_is_not() {
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        let inner = dir.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let mut plan = Plan::default();
        plan.layer("/".into(), true, false);
        plan.steps.push(Step::Empty {
            target: "/tmp".into(),
            mode: 0o1777,
        });
        let mounts = [Mount {
            target: "/".into(),
            kind: "ext4".into(),
        }];
        let before = plan.steps.len();
        add(
            &mut plan,
            &mounts,
            true,
            &[inner, dir.path().into(), "/usr".into()],
        );
        assert_eq!(plan.steps.len(), before + 1);
        assert!(matches!(&plan.steps[before], Step::Layer { target, .. } if target == dir.path()));
    }
}
