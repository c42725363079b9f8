//! The host's side of one test: lease, job, output, verdict, and what libtest is told. Never runs a body.
//!
//! The rule of this module: it returns to its caller only for a test whose guest said `Passed`, with this job's nonce,
//! and whose process then ended without a signal. Everything else ends the test as a failure.

mod job;
mod lease;
mod report;
mod watch;

use crate::last_resort;
use crate::protocol::failure::Failure;
use crate::site::{Panics, Site};

/// How a test on a guest ended, as far as libtest is concerned.
#[derive(Debug)]
enum Conclusion {
    /// The guest said so.
    Passed,
    /// The body panicked, with this message if it was a string. A `should_panic` test may pass by this.
    Panicked(Option<String>),
    /// The body returned an error.
    Failed(String),
    /// There is no verdict that counts. No test passes by this, not even one that should panic.
    NoVerdict(Failure),
}

/// What a test that panicked with something else than a string panics with on the host.
struct NotAString;

/// Has the calling test run in a guest. Returns only if it passed there.
pub(crate) fn dispatch(site: &'static Site) {
    let test = match job::name_of_test(site) {
        Ok(test) => test,
        Err(failure) => return fail(site, &failure),
    };
    let mut lease = match lease::obtain(site, &test) {
        Ok(lease) => lease,
        Err(failure) => {
            report::refused(site, &test, &failure);
            return fail(site, &failure);
        }
    };
    let conclusion = watch::run(&mut lease, site, &test);
    if !matches!(conclusion, Conclusion::Passed) {
        report::failed(site, &test, &lease, &conclusion);
    }
    // The instance goes before the test ends, so that its end never overlaps the next test's start in this process.
    drop(lease);
    match conclusion {
        Conclusion::Passed => {}
        Conclusion::Panicked(Some(message)) => raise(message),
        Conclusion::Panicked(None) if cfg!(panic = "abort") => std::panic::panic_any(NotAString),
        Conclusion::Panicked(None) => std::panic::resume_unwind(Box::new(NotAString)),
        Conclusion::Failed(reason) => raise(reason),
        Conclusion::NoVerdict(failure) => fail(site, &failure),
    }
}

/// Panics with the guest's words. The guest has printed them already, so the hook need not; except where only the hook
/// tells libtest, which is when panics abort.
fn raise(message: String) -> ! {
    if cfg!(panic = "abort") {
        std::panic::panic_any(message);
    }
    std::panic::resume_unwind(Box::new(message))
}

/// Fails a test that has no verdict. Returns for a test that would pass by panicking: libtest then says that it did not.
fn fail(site: &Site, failure: &Failure) {
    match site.panics {
        Panics::Fail if is_the_tests_own(site) => raise(failure.message.clone()),
        Panics::Pass => {}
        // Neither panicking nor returning is safe here, since either could make the test pass.
        Panics::Fail | Panics::Unknown => last_resort::end_process(site, &failure.message),
    }
}

fn is_the_tests_own(site: &Site) -> bool {
    job::name_of_test(site).is_ok_and(|name| last_resort::is_on_the_test(site, &name))
}
