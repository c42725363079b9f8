//! What happens on a host that is not Linux: every test on a guest fails, with one line.

use crate::site::{Panics, Site};

/// Fails the test. Returns only to a test that would pass by panicking.
pub(crate) fn refuse(site: &Site) {
    let message = format!(
        "cannot run this test in guest `{}`: guests need a Linux host, and this is {}",
        site.guest,
        std::env::consts::OS
    );
    eprintln!("{message}");
    match site.panics {
        Panics::Fail => std::panic::resume_unwind(Box::new(message)),
        Panics::Pass => {}
        Panics::Unknown => std::process::exit(101),
    }
}
