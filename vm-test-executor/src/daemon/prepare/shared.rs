//! The directories of the host that a guest needs for a test. Looks for links in their paths once, so
//! that nobody has to do it again.

use std::path::{Path, PathBuf};
use vm_test_protocol::daemon::LeaseRequest;

/// Returns those that exist, without symbolic links in their paths.
pub(super) fn shared(request: &LeaseRequest) -> Vec<PathBuf> {
    let paths = request.shares.iter().map(Path::new);
    paths.filter_map(|path| path.canonicalize().ok()).collect()
}
