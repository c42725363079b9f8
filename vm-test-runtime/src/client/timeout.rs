//! How the end of a time limit shows in a read.

use std::io;

/// Returns whether a read ended because its time was up.
#[must_use]
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
