//! Where the search for `vm-test.toml` begins.

use std::path::PathBuf;

/// Returns where the search for `vm-test.toml` begins: the package's directory if cargo runs this
/// program, else the current one.
pub(in crate::cli) fn manifest_dir() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .or_else(|| std::env::current_dir().ok())
        .unwrap_or_else(|| PathBuf::from("/"))
}
