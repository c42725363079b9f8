//! Warns, once per run, about variables whose names look like misspelled ones of vm-test.

use super::{aloud, entry};
use crate::harvest::forget_old_runs;
use crate::site::Site;
use crate::variables;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Once;
use vm_test_protocol::record::RunEntry;

/// Where it is recorded which runs have printed the warning, below cargo's target directory.
const TOLD: &str = "warnings";

/// Prints the warning, unless a process of the same run has already done so.
pub(super) fn warn(site: &Site, test: &str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let warnings = variables::warnings();
        if warnings.is_empty() || entry::of(site, test).is_some_and(|entry| is_told(&entry)) {
            return;
        }
        for warning in warnings {
            aloud::say(&format!("vm-test: {warning}\n"));
        }
    });
}

/// Returns whether another process has printed it. If that cannot be determined, it is printed
/// again.
fn is_told(entry: &RunEntry) -> bool {
    let directory = Path::new(&entry.directory).join(TOLD);
    let made = mark(&directory, &entry.run);
    forget_old_runs(&directory, "txt");
    made.is_err_and(|error| error.kind() == ErrorKind::AlreadyExists)
}

fn mark(directory: &Path, run: &str) -> io::Result<File> {
    fs::create_dir_all(directory)?;
    File::create_new(directory.join(format!("{run}.txt")))
}
