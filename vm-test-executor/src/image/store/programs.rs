//! Hashes of programs of the host, each made once as long as its file does not change.
//!
//! Knows only files that are read from one place again and again.

use super::fingerprint;
use crate::image::layer::digest::Digest;
use crate::sync;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// How many programs are remembered.
const MOST: usize = 256;

/// The programs that have been hashed.
#[derive(Debug, Default)]
pub struct Programs(Mutex<HashMap<PathBuf, (Vec<u8>, Digest)>>);

impl Programs {
    /// Returns the hash of a program's file.
    ///
    /// # Errors
    /// If it cannot be read, or changes while it is read.
    pub fn digest(&self, path: &Path) -> io::Result<Digest> {
        // Held meanwhile: others that start at the same time want the same file.
        let mut known = sync::lock(&self.0);
        let file = File::open(path)?;
        let before = fingerprint::of_meta(&file.metadata()?);
        if let Some((_, digest)) = known.get(path).filter(|(print, _)| *print == before) {
            return Ok(digest.clone());
        }
        let digest = Digest::of_reader(&file)?;
        if fingerprint::of_meta(&file.metadata()?) != before {
            return Err(io::Error::other("it is being written"));
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(path.to_path_buf(), (before, digest.clone()));
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_was_written_again_has_another_hash() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let programs = Programs::default();
        std::fs::write(&path, "one").unwrap();
        let one = programs.digest(&path).unwrap();
        assert_eq!(programs.digest(&path).unwrap(), one);
        std::fs::write(&path, "three").unwrap();
        assert_ne!(programs.digest(&path).unwrap(), one);
        std::fs::remove_file(&path).unwrap();
        assert!(programs.digest(&path).is_err());
    }
}
