//! Where this user's images are. Names the directory; does not read it.

use crate::variables::{STORE, directory, get};
use std::path::PathBuf;
use vm_test_protocol::failure::Failure;

/// Returns `VM_TEST_STORE`, else `$XDG_DATA_HOME/vm-test`, else `~/.local/share/vm-test`.
///
/// # Errors
/// If the variable is not an absolute path.
pub fn store() -> Result<PathBuf, Failure> {
    if let Some(path) = directory(STORE)? {
        return Ok(path);
    }
    let from = |name: &str| {
        get(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    Ok(from("XDG_DATA_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("/var/lib"))
        .join("vm-test"))
}
