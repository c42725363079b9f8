//! What a program in a keeper's world has written to its error file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// How many bytes at the end are read.
const LAST_LINE: u64 = 200;

/// Returns the last line, if it is short and printable.
#[must_use]
pub fn last_line(errors: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let mut file = File::open(errors).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LAST_LINE)))
        .ok()?;
    file.take(LAST_LINE).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.trim_end().lines().last()?;
    Some(line.chars().filter(|c| !c.is_control()).collect())
}
