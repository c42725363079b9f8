//! What happens on a host that is not Linux: every test on a guest fails, with one line.

use crate::last_resort;
use crate::site::{Panics, Site};

/// Fails the test. Returns only to a test that would pass by panicking.
pub(crate) fn refuse(site: &Site) {
    let message = format!(
        "cannot run this test in guest `{}`: guests need a Linux host, and this is {}",
        site.guest(),
        std::env::consts::OS
    );
    // It panics if standard error cannot be written, and a test may pass by panicking.
    let _ = std::panic::catch_unwind(|| eprintln!("{message}"));
    match site.panics {
        Panics::Fail if is_the_tests_own(site) => raise(message),
        Panics::Pass => {}
        // Neither panicking nor returning is safe here, since either could make the test pass.
        Panics::Fail | Panics::Unknown => last_resort::end_process(site, &message),
    }
}

/// Decides by the name of the thread, which libtest names after the test.
fn is_the_tests_own(site: &Site) -> bool {
    let thread = std::thread::current();
    thread
        .name()
        .is_some_and(|name| last_resort::is_on_the_test(site, name))
}

/// Panics; silently, since the message has been printed, except where only the hook tells libtest.
fn raise(message: String) -> ! {
    if cfg!(panic = "abort") {
        std::panic::panic_any(message);
    }
    std::panic::resume_unwind(Box::new(message))
}
