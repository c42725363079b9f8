//! What a person reads of a failed test besides the guest's own words: why, where, and how to run it again.

use super::Conclusion;
use super::lease::Lease;
use crate::protocol::failure::Failure;
use crate::site::Site;

/// Reports a test that got no instance.
pub(super) fn refused(site: &Site, test: &str, failure: &Failure) {
    eprintln!("error: {failure}");
    eprintln!(
        "vm-test: `{test}` did not run: it needs guest `{}`; to re-run: {}",
        site.guest,
        rerun(site, test)
    );
}

/// Reports a test that ran on an instance and did not pass.
pub(super) fn failed(site: &Site, test: &str, lease: &Lease, conclusion: &Conclusion) {
    if let Conclusion::NoVerdict(failure) = conclusion {
        eprintln!("error: {failure}");
    }
    eprintln!(
        "vm-test: in guest `{}`, instance {} ({}, kernel {}); to re-run: {}",
        site.guest,
        lease.granted.instance,
        lease.granted.description,
        lease.kernel,
        rerun(site, test)
    );
}

/// The command that runs just this test, with the runner in use.
fn rerun(site: &Site, test: &str) -> String {
    let package = site.package;
    if std::env::var_os("NEXTEST").is_some() {
        format!("cargo nextest run -p {package} -E 'test(={test})' --run-ignored all")
    } else {
        format!("cargo test -p {package} -- --include-ignored --exact '{test}'")
    }
}
