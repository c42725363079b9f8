//! How a test on a guest ended.

use crate::site::{Panics, Site};
use vm_test_protocol::failure::Failure;

/// How a test on a guest ended, as far as libtest is concerned.
#[derive(Debug)]
pub(super) enum Conclusion {
    /// The guest reported success.
    Passed,
    /// The body panicked, with this message if it was a string. A `should_panic` test may pass by
    /// this.
    Panicked(Option<String>),
    /// The body returned an error.
    Failed(String),
    /// No valid verdict. No test passes with this, not even one that should panic.
    NoVerdict(Failure),
}

/// Returns whether libtest will report a failure, as far as this can be known.
///
/// What the panic's message must contain is left to libtest, and for a generated case nothing tells
/// whether it should panic.
pub(super) fn is_failure(site: &Site, conclusion: &Conclusion) -> bool {
    match conclusion {
        Conclusion::Passed => site.panics == Panics::Pass,
        Conclusion::Panicked(_) => site.panics != Panics::Pass,
        Conclusion::Failed(_) | Conclusion::NoVerdict(_) => true,
    }
}
