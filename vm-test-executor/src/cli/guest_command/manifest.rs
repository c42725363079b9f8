//! Where the search for `vm-test.toml` begins.

use std::path::PathBuf;

/// Where the search for `vm-test.toml` begins: where cargo says the package is, if cargo runs this.
pub(in crate::cli) fn manifest_dir() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .or_else(|| std::env::current_dir().ok())
        .unwrap_or_else(|| PathBuf::from("/"))
}
