//! Runs GNU tar, which supports everything that a root file system may hold and reports what it refuses. Knows how to read
//! its messages, not what is packed.

use std::io;
use std::process::{Command, Stdio};

/// How many of its last lines are told: the first ones of many are alike, and the last one only says that there were some.
const LINES: usize = 3;

/// A command line of it; its input is this process's.
pub(super) fn command() -> Command {
    let mut command = Command::new("tar");
    command.stdin(Stdio::inherit());
    command
}

/// Runs it to its end; what it wrote to standard output, unless that goes elsewhere.
pub(super) fn run(command: &mut Command) -> io::Result<Vec<u8>> {
    let output = command.stderr(Stdio::piped()).output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last: Vec<_> = words.trim().lines().rev().take(LINES).collect();
    Err(io::Error::other(format!("tar: {}", last.join("; "))))
}
