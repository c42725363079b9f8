//! Runs GNU tar, which supports every kind of file and reports what it refuses.
//!
//! Reads its messages, not the archives.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use vm_test_protocol::failure::Failure;

/// How many of tar's last error lines are reported.
///
/// One is not enough, since the very last one only says that there were errors.
const LINES: usize = 3;

/// Returns a tar command that inherits standard input.
pub(in crate::image) fn command() -> Command {
    let mut command = Command::new("tar");
    command.stdin(Stdio::inherit());
    command
}

/// Runs a command to its end; returns its standard output unless that was redirected.
pub(in crate::image) fn run(command: &mut Command) -> io::Result<Vec<u8>> {
    let output = command.stderr(Stdio::piped()).output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last: Vec<_> = words.trim().lines().rev().take(LINES).collect();
    Err(io::Error::other(format!("tar: {}", last.join("; "))))
}

/// Packs a file or directory as a tar archive with only names, permissions and contents.
pub(in crate::image) fn of_entry(path: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |cause: String| Failure::new(format!("cannot read {}: {cause}", path.display()));
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(cannot("it is not a file or a directory".to_owned()));
    };
    let mut tar = command();
    tar.args([
        "--create",
        "--sort=name",
        "--mtime=@0",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
    ])
    .arg("--directory")
    .arg(dir)
    .arg("--")
    .arg(name)
    .stdin(Stdio::null());
    run(&mut tar).map_err(|error| cannot(error.to_string()))
}
