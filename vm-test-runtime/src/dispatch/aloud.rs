//! Writes one line to the user's standard error, bypassing everything that captures the output of
//! passing tests.

use super::lineage;
use std::fs::{self, File};
use std::io::{ErrorKind, IsTerminal, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::thread;
use std::time::Duration;

/// The name of nextest's own process.
const NEXTEST: &str = "cargo-nextest";

/// `O_NONBLOCK`, without which opening a pipe without a reader would block.
///
/// It has another value on processors that have no guests.
const NONBLOCK: i32 = 0o4000;

/// `O_APPEND`, as `/proc` shows it.
const APPEND: u32 = 0o2000;

/// Moves a terminal's cursor to the beginning of its line, and clears a progress bar there.
const FRESH_LINE: &str = "\r\x1b[2K";

/// How often, and after what time, a full pipe is tried again.
const ATTEMPTS: usize = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// Writes the line to standard error, which libtest does not capture, and to that of nextest, which
/// captures ours.
pub(super) fn say(line: &str) {
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(stream) = of_nextest() {
        let fresh = if stream.is_terminal() { FRESH_LINE } else { "" };
        write(stream, &format!("{fresh}{line}"));
    }
}

/// Returns the standard error of the nextest that runs this test, if it differs from ours and can
/// be opened: a socket cannot.
fn of_nextest() -> Option<File> {
    std::env::var_os("NEXTEST")?;
    let mut lineage = lineage::of_this_process();
    let nextest = lineage.find(|process| process.name == NEXTEST)?.id;
    let path = format!("/proc/{nextest}/fd/2");
    let (ours, theirs) = (
        fs::metadata("/proc/self/fd/2").ok()?,
        fs::metadata(&path).ok()?,
    );
    let is_ours = (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino());
    // Unless nextest appends to the file, it overwrites what follows its position.
    if is_ours || theirs.is_file() && !appends(nextest) {
        return None;
    }
    File::options()
        .append(true)
        .custom_flags(NONBLOCK)
        .open(path)
        .ok()
}

/// Returns whether a process appends to its standard error.
fn appends(process: u32) -> bool {
    let text = fs::read_to_string(format!("/proc/{process}/fdinfo/2")).unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("flags:"))
        .and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok())
        .is_some_and(|flags| flags & APPEND != 0)
}

/// Writes the text in one piece, which the kernel does not split, or not at all.
fn write(mut stream: File, text: &str) {
    for _ in 0..ATTEMPTS {
        match stream.write(text.as_bytes()) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            _ => return,
        }
    }
}
