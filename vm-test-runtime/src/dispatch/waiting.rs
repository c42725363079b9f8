//! What the user is told while a test waits for its guest.

/// Tells the user why a test waits.
pub(super) fn waiting(test: &str, reason: &str) {
    eprintln!("vm-test: `{test}` waits: {reason}");
}
