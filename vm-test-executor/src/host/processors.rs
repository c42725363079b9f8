//! How many processors this program may use. Looks once: the standard library reads files of control
//! groups each time.

use std::sync::OnceLock;
use std::thread::available_parallelism;

/// Returns how many there are, at least 1.
#[must_use]
pub fn processors() -> usize {
    static FOUND: OnceLock<usize> = OnceLock::new();
    *FOUND.get_or_init(|| available_parallelism().map_or(1, usize::from))
}
