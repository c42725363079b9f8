//! Which run a test belongs to, and where its times are written. Writes nothing itself.

use super::{job, lineage};
use crate::site::Site;
use std::path::PathBuf;
use vm_test_protocol::record::RunEntry;

/// Returns where the test's times belong, if there is a target directory.
pub(super) fn of(site: &Site, test: &str) -> Option<RunEntry> {
    let directory = target(site)?.join("vm-test");
    Some(RunEntry {
        directory: directory.to_str()?.to_owned(),
        run: run(),
        package: site.package.to_owned(),
        test: test.to_owned(),
    })
}

/// Returns cargo's target directory. Where binaries were unpacked from an archive there may be
/// none.
fn target(site: &Site) -> Option<PathBuf> {
    job::target().or_else(|| Some(job::workspace(site).join("target")).filter(|dir| dir.is_dir()))
}

/// Returns the name of the run: nextest's name for it, else the start of cargo that this process
/// descends from, else this process.
pub(super) fn run() -> String {
    if let Ok(id) = std::env::var("NEXTEST_RUN_ID")
        && RunEntry::is_run(&id)
    {
        return id;
    }
    let mut lineage = lineage::of_this_process();
    let Some(own) = lineage.next() else {
        return format!("process-{}", std::process::id());
    };
    match lineage.find(|process| process.name == "cargo") {
        Some(cargo) => format!("cargo-{}-{}", cargo.start, cargo.id),
        None => format!("process-{}-{}", own.start, own.id),
    }
}
