//! Reads, and optionally unpacks, a foreign archive in a process in the user's namespaces.

use super::below::Below;
use super::compression::Stream;
use super::findings::{Found, Removed, Stop};
use super::order::Order;
use super::refusal::{cannot, shown};
use super::survey;
use rustix::fs::{CWD, FileType, Mode, XattrFlags, mknodat, setxattr};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::JoinHandle;
use vm_test_protocol::failure::Failure;

/// How many bytes of tar's error output are kept.
const MAX_STDERR: usize = 1 << 16;

impl Order {
    /// Carries the order out; its paths are relative to `store`.
    ///
    /// Returns the disk usage of the unpacked content, and remarks for the user.
    pub(in crate::image) fn carry_out(&self, store: &Path) -> Result<(u64, Vec<String>), Failure> {
        let mut stream = Stream::open(&self.feed, &self.name)?;
        let below = self.below.as_ref();
        let below = below.map(|layers| layers.iter().map(|layer| store.join(layer)).collect());
        let below = Below::new(below);
        let Some(into) = self.into.as_ref().map(|into| store.join(into)) else {
            let ended = survey::pass(self, &below, stream.reader(), io::sink());
            let found = self.settle(stream, ended, None)?;
            return Ok((found.bytes, found.remarks));
        };
        fs::create_dir(&into).map_err(|error| cannot(&self.name, error))?;
        let mut extractor = Extractor::start(&into).map_err(|error| cannot(&self.name, error))?;
        let to = extractor.child.stdin.take();
        let to = to.ok_or_else(|| cannot(&self.name, "tar has no input"))?;
        // The writer is dropped at the end of this call, so that tar sees the end of its input.
        let ended = survey::pass(
            self,
            &below,
            stream.reader(),
            io::BufWriter::with_capacity(1 << 16, to),
        );
        let found = self.settle(stream, ended, Some(extractor))?;
        mark(&into, &found.removed).map_err(|error| cannot(&self.name, error))?;
        Ok((found.bytes, found.remarks))
    }

    /// Determines which of the participants failed first.
    fn settle(
        &self,
        stream: Stream,
        ended: Result<Found, Stop>,
        extractor: Option<Extractor>,
    ) -> Result<Found, Failure> {
        let extracted = extractor.map_or(Ok(()), Extractor::finish);
        match ended {
            Err(Stop::Refused(failure)) => Err(failure),
            Err(Stop::Short(failure)) => {
                stream.finish(&self.name, true)?;
                Err(failure)
            }
            Err(Stop::Read(error)) => {
                stream.finish(&self.name, false)?;
                let cause = format!("it is not a tar archive, or damaged: {error}");
                Err(cannot(&self.name, cause).hint("archives are read plain or compressed by gzip, xz or zstd; download or make it again"))
            }
            Err(Stop::Write(error)) => {
                extracted.map_err(|words| cannot(&self.name, words))?;
                Err(cannot(&self.name, error))
            }
            Ok(found) => {
                stream.finish(&self.name, true)?;
                extracted.map_err(|words| {
                    let is_attribute = words.contains("extended attribute");
                    let failure = cannot(&self.name, words);
                    if is_attribute {
                        failure.hint("pack it without such attributes: tar --no-xattrs")
                    } else {
                        failure
                    }
                })?;
                Ok(found)
            }
        }
    }
}

/// A GNU tar process, which can create everything that a root file system may contain.
struct Extractor {
    child: Child,
    words: JoinHandle<String>,
}

impl Extractor {
    fn start(into: &Path) -> io::Result<Self> {
        let mut child = Command::new("tar")
            .args([
                "--extract",
                "--numeric-owner",
                "--same-permissions",
                "--same-owner",
            ])
            .args([
                "--xattrs",
                "--xattrs-include=*",
                "--delay-directory-restore",
                "--warning=no-timestamp",
            ])
            .arg("--directory")
            .arg(into)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let errors = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let words = std::thread::Builder::new().spawn(move || read(errors))?;
        Ok(Self { child, words })
    }

    fn finish(mut self) -> Result<(), String> {
        let status = self.child.wait().map_err(|error| format!("tar: {error}"))?;
        let words = self.words.join().unwrap_or_default();
        // A problem with, for example, an attribute does not change its exit status.
        if status.success() && words.is_empty() {
            return Ok(());
        }
        match words.lines().next() {
            Some(first) => Err(shown(first.as_bytes())),
            None => Err(format!("tar: {status}")),
        }
    }
}

/// Reads everything, so that tar never blocks, and returns the beginning.
fn read(mut errors: ChildStderr) -> String {
    let mut words = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = errors.read(&mut buffer) {
        if words.len() < MAX_STDERR {
            words.extend_from_slice(&buffer[..length]);
        }
    }
    String::from_utf8_lossy(&words).into_owned()
}

/// Marks the layer's removals, in the form of an overlay that unprivileged users may mount.
fn mark(into: &Path, removed: &Removed) -> io::Result<()> {
    let place = |plain: &[u8]| into.join(OsStr::from_bytes(plain));
    let mut opaque: Vec<_> = removed
        .directories
        .iter()
        .map(|plain| place(plain))
        .collect();
    for plain in &removed.paths {
        let path = place(plain);
        match fs::symlink_metadata(&path) {
            // The layer removes a directory and creates a new one.
            Ok(meta) if meta.is_dir() => opaque.push(path),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path.parent().unwrap_or(into))?;
                mknodat(CWD, &path, FileType::CharacterDevice, Mode::empty(), 0)?;
            }
            Err(error) => return Err(error),
        }
    }
    for directory in opaque {
        fs::create_dir_all(&directory)?;
        setxattr(
            &directory,
            c"user.overlay.opaque",
            b"y",
            XattrFlags::empty(),
        )?;
    }
    Ok(())
}
