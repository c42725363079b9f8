//! Where a test's files go: its coverage beside this process's own, its artifacts under its name,
//! its exports into the workspace. Chooses paths; `crate::harvest` handles the files.

use super::job;
use crate::harvest::{Destination, Places, ProfilePlace, binary_name, directory_name, drafts};
use crate::site::Site;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vm_test_protocol::daemon::Leased;

/// Returns where this test's files go, if it runs in the guest of this lease.
pub(super) fn destination(granted: &Leased, site: &Site, test: &str) -> Arc<Destination> {
    let artifacts = artifacts(site, test);
    let drafts = drafts(&directory_of_target(site));
    if let Some(directory) = &artifacts {
        // Otherwise files of an earlier run would be taken for files of this one.
        let _ = std::fs::remove_dir_all(directory);
    }
    let export = &granted.export;
    Destination::new(Places {
        // Through /proc, because the file at the path may already be another one.
        profiles: ProfilePlace::for_program(Path::new("/proc/self/exe")),
        artifacts,
        exports: (!export.is_empty()).then(|| (job::workspace(site), export.clone())),
        drafts,
    })
}

/// Returns the directory of this test's artifacts.
pub(super) fn artifacts(site: &Site, test: &str) -> Option<PathBuf> {
    let binary = job::binary().ok()?;
    Some(directory_of_artifacts(&binary, site, test))
}

fn directory_of_artifacts(binary: &Path, site: &Site, test: &str) -> PathBuf {
    directory_of_target(site)
        .join("vm-test/artifacts")
        .join(directory_name(site.package))
        .join(binary_name(binary))
        .join(directory_name(test))
}

fn directory_of_target(site: &Site) -> PathBuf {
    job::target().unwrap_or_else(|| job::workspace(site).join("target"))
}
