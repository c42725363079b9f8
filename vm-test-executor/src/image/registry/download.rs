//! A blob that is being written to a file: how far it is, and the hash of what there is.
//!
//! Reads answers; sends no request.

use super::http;
use crate::image::layer::digest::Digest;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use ureq::{Body, http::Response, http::StatusCode};

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// Why an answer could not be read to its end.
#[derive(Debug)]
pub(super) enum Interruption {
    /// The connection broke.
    Connection(String),
    /// What came could not be written.
    Disk(io::Error),
    /// More came than there is.
    TooLong,
}

/// The download.
#[derive(Debug)]
pub(super) struct Download<'a> {
    file: &'a mut File,
    size: u64,
    length: u64,
    hash: Sha256,
}

impl<'a> Download<'a> {
    /// Begins one of this size into an empty file.
    pub(super) fn new(file: &'a mut File, size: u64) -> Self {
        Self {
            file,
            size,
            length: 0,
            hash: Sha256::new(),
        }
    }

    /// Returns how many bytes there are.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Returns the digest of what there is.
    pub(super) fn digest(self) -> Digest {
        Digest::of_hash(self.hash)
    }

    /// Appends an answer to a request for the rest, or starts anew if it is the whole.
    pub(super) fn read(
        &mut self,
        answer: Response<Body>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Interruption> {
        if self.length > 0 && !self.is_rest(&answer) {
            self.length = 0;
            self.hash = Sha256::new();
            self.file
                .set_len(0)
                .and_then(|()| self.file.rewind())
                .map_err(Interruption::Disk)?;
        }
        let mut reader = answer.into_body().into_reader();
        let mut piece = vec![0; PIECE];
        loop {
            let count = match reader.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Interruption::Connection(http::words(&error))),
            };
            if self.length + count as u64 > self.size {
                return Err(Interruption::TooLong);
            }
            self.file
                .write_all(&piece[..count])
                .map_err(Interruption::Disk)?;
            self.hash.update(&piece[..count]);
            self.length += count as u64;
            progress(self.length);
        }
    }

    /// Returns whether an answer begins where this one is.
    fn is_rest(&self, answer: &Response<Body>) -> bool {
        let range = answer.headers().get("content-range");
        let range = range.and_then(|range| range.to_str().ok());
        let first = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next());
        answer.status() == StatusCode::PARTIAL_CONTENT
            && first.and_then(|first| first.trim().parse().ok()) == Some(self.length)
    }
}
