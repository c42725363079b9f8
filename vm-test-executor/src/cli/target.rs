//! Where cargo's target directory is, from here. Asks cargo, and builds nothing.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Returns the directory that cargo would use, or `None` outside of a workspace.
pub(super) fn directory() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("CARGO_TARGET_DIR").filter(|path| !path.is_empty()) {
        return std::path::absolute(path).ok();
    }
    asked().or_else(nearest)
}

fn asked() -> Option<PathBuf> {
    let output = Command::new(cargo())
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    document["target_directory"].as_str().map(PathBuf::from)
}

/// Returns the nearest directory of that name that cargo has tagged, for when cargo cannot be
/// asked.
fn nearest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .map(|dir| dir.join("target"))
        .find(|dir| dir.join("CACHEDIR.TAG").is_file())
}

/// Returns the cargo that runs this program, or the one in `PATH`.
pub(super) fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
