//! Runs GNU tar, which supports everything that a root file system may hold and reports what it refuses. Knows how to read
//! its messages, not what is packed.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use vm_test_protocol::failure::Failure;

/// How many of its last lines are told: the first ones of many are alike, and the last one only says that there were some.
const LINES: usize = 3;

/// A command line of it; its input is this process's.
pub(in crate::image) fn command() -> Command {
    let mut command = Command::new("tar");
    command.stdin(Stdio::inherit());
    command
}

/// Runs it to its end; what it wrote to standard output, unless that goes elsewhere.
pub(in crate::image) fn run(command: &mut Command) -> io::Result<Vec<u8>> {
    let output = command.stderr(Stdio::piped()).output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last: Vec<_> = words.trim().lines().rev().take(LINES).collect();
    Err(io::Error::other(format!("tar: {}", last.join("; "))))
}

/// The file or directory as a tar archive with nothing of this host in it but names, permissions and contents.
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
