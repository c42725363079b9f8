//! What a program in a keeper's world has written to its error file.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// How many bytes at the end are read.
const LAST_LINE: usize = 200;

/// Returns the last line, if it is short and printable.
#[must_use]
pub fn last_line(errors: &File) -> Option<String> {
    let length = errors.metadata().ok()?.len();
    let mut bytes = [0; LAST_LINE];
    let count = errors
        .read_at(&mut bytes, length.saturating_sub(LAST_LINE as u64))
        .ok()?;
    let text = String::from_utf8_lossy(&bytes[..count]);
    let line = text.trim_end().lines().last()?;
    Some(line.chars().filter(|c| !c.is_control()).collect())
}
