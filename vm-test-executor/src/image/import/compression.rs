//! The stream of an archive's bytes: a file as it is or through the program that decompresses it, a pipe, or a directory
//! that is packed. Knows nothing of what is in the stream.

use super::order::Feed;
use super::refusal::cannot;
use rustix::io::pread;
use std::io::{self, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use vm_test::protocol::failure::Failure;

/// How a compressed file begins, and what decompresses it. Archives are no disks: what is probed here decides only how
/// the same bytes are read, never what they may refer to.
const KINDS: [(&[u8], &str, &[&str]); 3] = [
    (b"\x1f\x8b", "gzip", &["--decompress", "--stdout"]),
    (b"\xfd7zXZ\0", "xz", &["--decompress", "--stdout"]),
    (b"\x28\xb5\x2f\xfd", "zstd", &["--decompress", "--stdout", "--quiet"]),
];

/// Forms that are known and not read.
const UNREAD: [(&[u8], &str); 2] = [(b"BZh", "bzip2"), (b"PK\x03\x04", "zip")];

/// A stream.
pub(super) struct Stream {
    reader: Box<dyn Read>,
    child: Option<(&'static str, Child)>,
}

impl Stream {
    /// Begins to read.
    pub(super) fn open(feed: &Feed, name: &str) -> Result<Self, Failure> {
        match feed {
            Feed::Pipe => Ok(Self {
                reader: Box::new(io::stdin()),
                child: None,
            }),
            Feed::Directory(directory) => {
                let mut tar = Command::new("tar");
                tar.args(super::directory::PACK)
                    .arg("--directory")
                    .arg(directory)
                    .arg(".");
                Self::of("tar", &mut tar, name)
            }
            Feed::File => {
                let mut head = [0; 6];
                let length = pread(io::stdin(), &mut head, 0)
                    .map_err(|error| cannot(name, io::Error::from(error)))?;
                let head = &head[..length];
                if let Some((_, form)) = UNREAD.iter().find(|(magic, _)| head.starts_with(magic)) {
                    return Err(cannot(name, format!("it is compressed by {form}"))
                        .hint("archives are read plain or compressed by gzip, xz or zstd"));
                }
                match KINDS.iter().find(|(magic, ..)| head.starts_with(magic)) {
                    Some((_, program, args)) => {
                        Self::of(program, Command::new(program).args(*args), name)
                    }
                    None => Self::open(&Feed::Pipe, name),
                }
            }
        }
    }

    fn of(program: &'static str, command: &mut Command, name: &str) -> Result<Self, Failure> {
        let mut child = command
            .stdin(Stdio::inherit())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                let failure = cannot(name, format!("{program}: {error}"));
                match error.kind() {
                    io::ErrorKind::NotFound => {
                        let package = program.trim_end_matches('-');
                        let package = if package == "xz" { "xz-utils" } else { package };
                        failure.hint(format!("install it: apt-get install {package}"))
                    }
                    _ => failure,
                }
            })?;
        let output: ChildStdout = child
            .stdout
            .take()
            .ok_or_else(|| cannot(name, "its stream has no end to read"))?;
        Ok(Self {
            reader: Box::new(output),
            child: Some((program, child)),
        })
    }

    /// The bytes.
    pub(super) fn reader(&mut self) -> &mut dyn Read {
        &mut self.reader
    }

    /// What the program at the other end has to say, once all was read (`complete`) or nothing more will be.
    pub(super) fn finish(mut self, name: &str, complete: bool) -> Result<(), Failure> {
        drop(self.reader);
        let Some((program, child)) = self.child.take() else {
            return Ok(());
        };
        // It writes few words there, if any, so the pipe does not fill up before they are read.
        let output = child
            .wait_with_output()
            .map_err(|error| cannot(name, format!("{program}: {error}")))?;
        let words = String::from_utf8_lossy(&output.stderr);
        // Without a reader it is killed by the broken pipe, or says so; that is not the archive's fault.
        let is_own = complete || output.status.code().is_some_and(|_| !words.contains("roken pipe"));
        if output.status.success() || !is_own {
            return Ok(());
        }
        let words: Vec<_> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let words = match words.as_slice() {
            [] => format!("{program}: {}", output.status),
            [first, ..] if first.starts_with(program) => super::refusal::shown(first.as_bytes()),
            [first, ..] => format!("{program}: {}", super::refusal::shown(first.as_bytes())),
        };
        Err(cannot(name, words).hint("the file is cut off or damaged; fetch or make it again"))
    }
}
