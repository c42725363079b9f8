//! A directory of one run of the bench, which is removed with all that is in it.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// A directory for this run.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self> {
        let path = PathBuf::from(format!("/tmp/vmt-bench-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
