//! Sends files to the host in pieces, within the limits of their kind. A file that cannot be sent
//! completely is reported with the reason.

use super::super::stream::Host;
use super::find::MOST_ENTRIES;
use rustix::fs::{CWD, Mode, OFlags, openat};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;
use vm_test_protocol::agent::FromAgent;
use vm_test_protocol::harvest::{CHUNK, FileKind, MOST_FILES, MOST_KEPT, Sum};

/// Replaces a name that cannot be sent.
const UNNAMED: &[u8] = b"...";

/// Sends files, and counts them.
pub(super) struct Sender<'a> {
    host: &'a mut Host,
    deadline: Instant,
    sent: [usize; 3],
    bytes: [u64; 3],
    /// How many files that stay were named, and how many only counted.
    named: usize,
    unnamed: usize,
}

impl<'a> Sender<'a> {
    pub(super) fn new(host: &'a mut Host, deadline: Instant) -> Self {
        Self {
            host,
            deadline,
            sent: [0; 3],
            bytes: [0; 3],
            named: 0,
            unnamed: 0,
        }
    }

    /// Sends a file, or reports why it stays.
    ///
    /// # Errors
    /// If the host is gone.
    pub(super) fn send(&mut self, kind: FileKind, root: &Path, relative: &Path) -> io::Result<()> {
        let at = kind as usize;
        let name = relative.as_os_str().as_bytes();
        if Instant::now() >= self.deadline {
            return self.keep(kind, name, "the time for it is up");
        }
        if self.sent[at] >= MOST_FILES {
            let reason = format!("at most {MOST_FILES} {}s are brought back", kind.noun());
            return self.keep(kind, name, &reason);
        }
        let (mut file, length) = match open(&root.join(relative)) {
            Ok(opened) => opened,
            Err(reason) => return self.keep(kind, name, &reason),
        };
        let bound = kind.most_bytes();
        if length > bound - self.bytes[at] {
            let reason = format!(
                "it has {length} bytes, and at most {} MiB of {}s are brought back{}",
                bound >> 20,
                kind.noun(),
                match self.bytes[at] {
                    0 => String::new(),
                    taken => format!(", of which {taken} bytes are taken"),
                }
            );
            return self.keep(kind, name, &reason);
        }
        self.sent[at] += 1;
        self.bytes[at] += length;
        self.host.send(&FromAgent::File {
            kind,
            name: name.to_vec(),
            length,
        })?;
        let (mut left, mut sum) = (length, Sum::default());
        let mut bytes = vec![0; CHUNK];
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            match file.read(&mut bytes[..most]) {
                Ok(0) => return self.keep(kind, name, "it became shorter while it was read"),
                Ok(count) => {
                    left -= count as u64;
                    sum.add(&bytes[..count]);
                    self.host
                        .send(&FromAgent::FileBytes(bytes[..count].to_vec()))?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.keep(kind, name, &error.to_string()),
            }
            if self.host.is_full() {
                self.host.finish()?;
            }
            if Instant::now() >= self.deadline {
                return self.keep(kind, name, "the time for it is up");
            }
        }
        self.host.send(&FromAgent::FileEnd(sum.value()))
    }

    /// Reports, once, that there may be more files than were searched.
    ///
    /// # Errors
    /// If the host is gone.
    pub(super) fn keep_rest(&mut self, kind: FileKind, place: &str) -> io::Result<()> {
        let reason = format!("only the first {MOST_ENTRIES} entries of {place} were looked at");
        self.host.send(&FromAgent::FileKept {
            kind,
            name: UNNAMED.to_vec(),
            reason,
        })
    }

    /// Reports that a file stays in the guest.
    fn keep(&mut self, kind: FileKind, name: &[u8], reason: &str) -> io::Result<()> {
        if self.named >= MOST_KEPT {
            self.unnamed += 1;
            return Ok(());
        }
        self.named += 1;
        self.host.send(&FromAgent::FileKept {
            kind,
            name: name.to_vec(),
            reason: reason.to_owned(),
        })
    }

    /// Reports how many more files stay than were named.
    ///
    /// # Errors
    /// If the host is gone.
    pub(super) fn finish(self) -> io::Result<()> {
        if self.unnamed == 0 {
            return Ok(());
        }
        self.host.send(&FromAgent::FileKept {
            kind: FileKind::Artifact,
            name: UNNAMED.to_vec(),
            reason: format!("{} more files stay in the guest", self.unnamed),
        })
    }
}

/// Opens a regular file, without blocking and without following a link.
fn open(path: &Path) -> Result<(File, u64), String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let meta = path.symlink_metadata().map_err(|error| error.to_string())?;
    if meta.is_symlink() {
        return Err("it is a symbolic link".to_owned());
    }
    if !meta.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let file = match openat(CWD, path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(error) => return Err(io::Error::from(error).to_string()),
    };
    match file.metadata() {
        Ok(meta) if meta.is_file() => Ok((file, meta.len())),
        Ok(_) => Err("it is not a regular file".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
