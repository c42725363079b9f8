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
        Panics::Fail if is_the_tests_own(site) => raise(message),
        Panics::Pass => {}
        // Neither panicking nor returning is safe here, since either could make the test pass.
        Panics::Fail | Panics::Unknown => std::process::exit(101),
    }
}

/// Whether the site is on the test function itself, which libtest names the thread after.
fn is_the_tests_own(site: &Site) -> bool {
    std::thread::current()
        .name()
        .is_some_and(|name| name.split("::").any(|segment| segment == site.function))
}

/// Panics; silently, since the message is out already, except where only the hook tells libtest.
fn raise(message: String) -> ! {
    if cfg!(panic = "abort") {
        std::panic::panic_any(message);
    }
    std::panic::resume_unwind(Box::new(message))
}
