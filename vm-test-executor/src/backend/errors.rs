//! What a program in a keeper's world has written to its error file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// How much of the end is looked at, in bytes.
const LAST_LINE: u64 = 200;

/// The last thing that it had to say: a line of printable characters, and not a long one.
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
