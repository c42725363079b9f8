//! The byte stream of an archive.
//!
//! It is a plain file, the output of a decompressor, a pipe, or a directory that is being packed.
//! Does not interpret the content.

use super::likeness::{self, Likeness, TAR};
use super::order::Feed;
use super::refusal::{cannot, shown};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::pread;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::process::{Child, ChildStdout, Command, Stdio};
use vm_test_protocol::failure::Failure;

/// The magic bytes of each compression, and the program that decompresses it.
///
/// Archives are not disks: what is detected here decides only how the same bytes are read, never
/// which other files they may refer to.
const KINDS: [(&[u8], &str, &[&str]); 3] = [
    (b"\x1f\x8b", "gzip", &["--decompress", "--stdout"]),
    (b"\xfd7zXZ\0", "xz", &["--decompress", "--stdout"]),
    (
        b"\x28\xb5\x2f\xfd",
        "zstd",
        &["--decompress", "--stdout", "--quiet"],
    ),
];

/// The arguments that pack a directory completely, in a reproducible order.
pub(in crate::image) const PACK: [&str; 7] = [
    "--create",
    "--format=posix",
    "--sort=name",
    "--numeric-owner",
    "--one-file-system",
    "--xattrs",
    "--xattrs-include=*",
];

/// The last three of the four magic bytes of a skippable frame.
///
/// Such a frame precedes data that zstd compressed in parts or that is seekable.
const SKIPPED: &[u8] = b"\x2a\x4d\x18";

/// How many bytes of a program's error output are read.
const MAX_STDERR: u64 = 4096;

/// Fails with what standard input is, if it is recognised as something other than an archive.
fn refuse_others(name: &str) -> Result<(), Failure> {
    let file = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3).map(File::from);
    let file = file.map_err(|error| cannot(name, io::Error::from(error)))?;
    match likeness::of(&file) {
        Some(Likeness { what, cure }) if what != TAR => Err(cannot(
            name,
            format!("it is not a tar archive: it begins like {what}"),
        )
        .hint(cure)),
        None if likeness::has_partitions(&file) => {
            let cause = "it is not a tar archive: it begins like a disk with partitions";
            Err(cannot(name, cause).hint("name the format: raw:PATH"))
        }
        _ => Ok(()),
    }
}

/// An open stream.
pub(super) struct Stream {
    reader: Box<dyn Read>,
    child: Option<(&'static str, Child)>,
    /// The child's standard error: a file, because it is read only after the child has ended.
    words: Option<File>,
}

impl Stream {
    /// Opens the stream.
    pub(super) fn open(feed: &Feed, name: &str) -> Result<Self, Failure> {
        match feed {
            Feed::Pipe => Ok(Self {
                reader: Box::new(io::stdin()),
                child: None,
                words: None,
            }),
            Feed::Directory(directory) => {
                let mut tar = Command::new("tar");
                tar.args(PACK).arg("--directory").arg(directory).arg(".");
                Self::of("tar", &mut tar, name)
            }
            Feed::File => {
                let mut head = [0; 6];
                let length = pread(io::stdin(), &mut head, 0)
                    .map_err(|error| cannot(name, io::Error::from(error)))?;
                let head = &head[..length];
                match KINDS.iter().find(|(magic, ..)| head.starts_with(magic)) {
                    Some((_, program, args)) => {
                        Self::of(program, Command::new(program).args(*args), name)
                    }
                    None if head.get(1..).is_some_and(|it| it.starts_with(SKIPPED)) => {
                        let (_, program, args) = KINDS[2];
                        Self::of(program, Command::new(program).args(args), name)
                    }
                    None => {
                        refuse_others(name)?;
                        Self::open(&Feed::Pipe, name)
                    }
                }
            }
        }
    }

    fn of(program: &'static str, command: &mut Command, name: &str) -> Result<Self, Failure> {
        let memory = || -> io::Result<(File, File)> {
            let file = File::from(memfd_create(c"words", MemfdFlags::CLOEXEC)?);
            Ok((file.try_clone()?, file))
        };
        let (words, theirs) = memory().map_err(|error| cannot(name, error))?;
        let mut child = command
            .stdin(Stdio::inherit())
            .stdout(Stdio::piped())
            .stderr(theirs)
            .spawn()
            .map_err(|error| {
                let failure = cannot(name, format!("{program}: {error}"));
                match error.kind() {
                    io::ErrorKind::NotFound => {
                        let package = if program == "xz" { "xz-utils" } else { program };
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
            words: Some(words),
        })
    }

    /// Returns the reader of the bytes.
    pub(super) fn reader(&mut self) -> &mut dyn Read {
        &mut self.reader
    }

    /// Waits for the program at the other end and reports its error.
    ///
    /// `complete` says that everything was read.
    pub(super) fn finish(mut self, name: &str, complete: bool) -> Result<(), Failure> {
        drop(self.reader);
        let Some((program, mut child)) = self.child.take() else {
            return Ok(());
        };
        let status = child
            .wait()
            .map_err(|error| cannot(name, format!("{program}: {error}")))?;
        let mut words = Vec::new();
        if let Some(mut file) = self.words.take() {
            let _ = file.rewind();
            let _ = file.take(MAX_STDERR).read_to_end(&mut words);
        }
        let words = String::from_utf8_lossy(&words);
        // If the reader stopped early, a broken pipe is not the archive's fault.
        let is_own = complete || (status.code().is_some() && !words.contains("roken pipe"));
        if status.success() || !is_own {
            return Ok(());
        }
        let first = words.lines().map(str::trim).find(|line| !line.is_empty());
        let words = match first {
            None => format!("{program}: {status}"),
            Some(line) if line.starts_with(program) => shown(line.as_bytes()),
            Some(line) => format!("{program}: {}", shown(line.as_bytes())),
        };
        let hint = match program {
            "tar" => "every file below it must be readable, and must not change during the import",
            _ => "the file is cut off or damaged; download or make it again",
        };
        Err(cannot(name, words).hint(hint))
    }
}
