//! What happens to a test whose guest is not available on this host: it fails, unless the user has
//! decided otherwise. Then the test is named past what captures output, counted, and recorded;
//! libtest reports it as passed.

use super::libtest::raise;
use super::{aloud, entry, job};
use crate::harvest::forget_old_runs;
use crate::last_resort;
use crate::site::{Panics, Site};
use crate::variables;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use vm_test_protocol::failure::Failure;

/// The prefix of every skipped test, where people read it.
const MARK: &str = "skipped: ";

/// Returns whether tests whose guests are missing are to be skipped; not if it is unclear what the
/// user has chosen.
pub(super) fn is_wanted() -> bool {
    variables::skips_missing().unwrap_or(false)
}

/// Returns whether it is known what libtest takes for a pass, and that this is the end of the test.
///
/// From a helper, a skip would return to a caller that goes on without the guest.
pub(super) fn is_possible(site: &Site, test: &str) -> bool {
    match site.panics {
        Panics::Fail => last_resort::is_on_the_test(site, test),
        Panics::Pass => true,
        Panics::Unknown => false,
    }
}

/// Reports the test and counts it. Returns, or panics for a test that passes by panicking.
pub(super) fn record(site: &Site, test: &str, failure: &Failure) {
    let reason = &failure.message;
    let line = format!("{MARK}{}::{test}: {reason}\n", site.package);
    let counted = match count(site, &line) {
        Ok((count, file)) => format!("{count} in this run, listed in {}", file.display()),
        Err(error) => format!("and cannot be counted: {error}"),
    };
    aloud::say(&format!("vm-test: {}; {counted}\n", line.trim_end()));
    if site.panics == Panics::Pass {
        raise(format!(
            "{MARK}{reason}; expected: {}",
            site.expected.unwrap_or_default()
        ));
    }
}

/// Appends the line to those of the same run; returns how many there are.
fn count(site: &Site, line: &str) -> std::io::Result<(usize, PathBuf)> {
    let target = job::target().unwrap_or_else(|| job::workspace(site).join("target"));
    let directory = target.join("vm-test/skipped");
    fs::create_dir_all(&directory)?;
    let file = directory.join(format!("{}.txt", entry::run()));
    let is_new = !file.exists();
    // One write, which the kernel does not split.
    let mut opened = File::options().create(true).append(true).open(&file)?;
    if is_new {
        forget_old_runs(&directory, "txt");
    }
    opened.write_all(line.as_bytes())?;
    let text = fs::read_to_string(&file)?;
    let count = text.lines().filter(|line| line.starts_with(MARK)).count();
    Ok((count, file))
}
