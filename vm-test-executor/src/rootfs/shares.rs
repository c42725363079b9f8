//! Directories that a guest must have at the host's path, where its root does not have them
//! already.

use super::plan::{By, Plan};
use super::split::Split;
use super::step::{Lower, Step};
use crate::host::mountinfo::{self, Mount};
use std::path::{Path, PathBuf};

/// Files directly in a split directory are copied up to this size, in bytes: enough for programs,
/// with debug information.
const MOST_BYTES: u64 = 64 << 20;

/// Adds those shares that the plan does not cover. No symbolic link is in their paths.
pub(super) fn add(plan: &mut Plan, mounts: &[Mount], as_root: bool, shares: &[PathBuf]) {
    let is_share = |path: &&PathBuf| path.is_dir() && path.parent().is_some();
    let mut shares: Vec<_> = shares.iter().filter(is_share).cloned().collect();
    shares.sort();
    shares.dedup();
    // At any depth: a missing part of a share would be noticed.
    let split = Split {
        mounts,
        deepest: usize::MAX,
        most_bytes: MOST_BYTES,
    };
    let mut added: Vec<PathBuf> = Vec::new();
    for share in shares {
        let inside = added.iter().any(|outer| {
            share.starts_with(outer) && mount_of(mounts, &share) == mount_of(mounts, outer)
        });
        if inside || covered(plan, mounts, &share) {
            continue;
        }
        if !as_root && split.is_needed(&share) {
            // Parts of it may already come with a directory above.
            plan.steps.retain(|step| !step.target().starts_with(&share));
            split.take_apart(plan, &share, 1);
        } else {
            plan.layer(share.clone(), By::user(as_root));
        }
        added.push(share);
    }
}

/// Returns whether the guest sees this directory of the host already: the last step at or above it
/// is a layer over the same mount.
fn covered(plan: &Plan, mounts: &[Mount], share: &Path) -> bool {
    let last = plan.steps.iter().rev().find_map(|step| match step {
        Step::Layer { target, lower, .. } if share.starts_with(target) => Some(Some(lower)),
        Step::Empty { target, .. }
        | Step::Stack { target, .. }
        | Step::Own { target, .. }
        | Step::Directory { target, .. }
            if share.starts_with(target) =>
        {
            Some(None)
        }
        _ => None,
    });
    match last {
        // The guest mounts its own there, whatever the plan has.
        Some(Some(_)) if share.starts_with("/dev") => false,
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
        plan.layer("/".into(), By::Tree);
        plan.steps.push(Step::Empty {
            target: "/tmp".into(),
            mode: 0o1777,
        });
        let mounts = [Mount {
            target: "/".into(),
            kind: "ext4".into(),
            ..Mount::default()
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

    /// Returns what happens to each path of a directory that contains a mount, by the last step
    /// there.
    fn steps(as_root: bool, plan: &mut Plan, dir: &Path) -> Vec<(&'static str, String)> {
        for path in ["a", "deep/er/b", "deep/er/mount/c"] {
            std::fs::create_dir_all(dir.join(path)).unwrap();
        }
        std::fs::write(dir.join("deep/file"), "x").unwrap();
        std::os::unix::fs::symlink("a", dir.join("link")).unwrap();
        let mount = |target: &Path, kind: &str| Mount {
            target: target.to_path_buf(),
            kind: kind.into(),
            ..Mount::default()
        };
        let mounts = [
            mount(Path::new("/"), "ext4"),
            mount(&dir.join("deep/er/mount"), "tmpfs"),
        ];
        add(plan, &mounts, as_root, &[dir.into()]);
        let steps = plan.steps.iter().filter_map(|step| {
            let path = step.target().strip_prefix(dir).ok()?;
            let kind = match step {
                Step::Layer { .. } => "layer",
                Step::Directory { .. } => "directory",
                Step::Symlink { .. } => "link",
                Step::File { .. } => "file",
                _ => "other",
            };
            Some((kind, path.display().to_string()))
        });
        steps.collect()
    }

    #[test]
    fn an_ordinary_users_share_with_a_mount_below_it_comes_in_parts() {
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        let parts = [
            ("directory", ""),
            ("layer", "a"),
            ("directory", "deep"),
            ("directory", "deep/er"),
            ("layer", "deep/er/b"),
            ("layer", "deep/er/mount"),
            ("file", "deep/file"),
            ("link", "link"),
        ]
        .map(|(kind, path)| (kind, path.to_owned()));
        let mut plan = Plan::default();
        assert_eq!(steps(false, &mut plan, dir.path()), parts);
        // Each part is added once, even where the root already had some of them.
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        let mut plan = Plan::default();
        plan.steps.push(Step::Symlink {
            target: dir.path().join("link"),
            content: "a".into(),
        });
        assert_eq!(steps(false, &mut plan, dir.path()), parts);
    }

    #[test]
    fn roots_share_with_a_mount_below_it_is_one_layer() {
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        let whole = [("layer", String::new())];
        assert_eq!(steps(true, &mut Plan::default(), dir.path()), whole);
    }
}
