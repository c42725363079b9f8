//! The directories of the host's root that no guest shares.

use std::path::Path;

/// Directories that every guest has anew, never from the host.
pub(super) const FRESH: [&str; 5] = ["/dev", "/proc", "/run", "/sys", "/tmp"];

/// Returns whether `path` is one of them, or below one.
pub(super) fn is_fresh(path: &Path) -> bool {
    FRESH.iter().any(|fresh| path.starts_with(fresh))
}
