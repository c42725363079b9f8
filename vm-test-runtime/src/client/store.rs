//! Where this user's images are. Names the directory; looks at nothing in it.

use std::path::PathBuf;

/// Names the store explicitly.
pub const ENV_STORE: &str = "VM_TEST_STORE";

/// `VM_TEST_STORE`, else `$XDG_DATA_HOME/vm-test`, else `~/.local/share/vm-test`.
#[must_use]
pub fn store() -> PathBuf {
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from);
    if let Some(path) = from(ENV_STORE) {
        return path;
    }
    from("XDG_DATA_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("/var/lib"))
        .join("vm-test")
}
