//! What libtest is told about a test, by returning, by panicking, or by ending the process.

use super::caller;
use super::conclusion::Conclusion;
use crate::last_resort;
use crate::site::{Panics, Site};
use vm_test_protocol::failure::Failure;

/// The payload on the host if the test panicked with something else than a string.
struct NotAString;

/// Tells libtest the conclusion.
pub(super) fn tell(site: &Site, conclusion: Conclusion) {
    match conclusion {
        Conclusion::Passed => {}
        Conclusion::Panicked(Some(message)) => raise(message),
        Conclusion::Panicked(None) if cfg!(panic = "abort") => std::panic::panic_any(NotAString),
        Conclusion::Panicked(None) => std::panic::resume_unwind(Box::new(NotAString)),
        // It was not a panic in the guest, and must not count as one where a panic is expected.
        Conclusion::Failed(reason) => fail(site, &Failure::new(reason)),
        Conclusion::NoVerdict(failure) => fail(site, &failure),
    }
}

/// Panics with the guest's message.
///
/// The guest has printed it already, so the hook need not; except where only the hook tells
/// libtest, which is when panics abort.
pub(super) fn raise(message: String) -> ! {
    if cfg!(panic = "abort") {
        std::panic::panic_any(message);
    }
    std::panic::resume_unwind(Box::new(message))
}

/// Fails a test that has not panicked and must not pass.
///
/// Returns for a test that would pass by panicking: libtest then reports that it did not.
fn fail(site: &Site, failure: &Failure) {
    match site.panics {
        Panics::Fail if caller::fails_by_panicking(site) => raise(failure.text()),
        Panics::Pass => {}
        // Neither panicking nor returning is safe here, since either could make the test pass.
        Panics::Fail | Panics::Unknown => last_resort::end_process(site, &failure.text()),
    }
}
