//! Writes checked entries as a new archive, in the one format that GNU tar reads unambiguously.
//!
//! Checks nothing.

use super::extended::{Pair, written};
use super::findings::Stop;
use std::io::{self, Read, Write};
use tar::{Builder, EntryType, Header};

/// A longer name goes into an extended header.
const SHORT: usize = 100;

/// An entry to write.
#[derive(Debug)]
pub(in crate::image) struct Piece {
    pub(in crate::image) name: Vec<u8>,
    pub(in crate::image) kind: EntryType,
    pub(in crate::image) target: Vec<u8>,
    pub(in crate::image) user: u64,
    pub(in crate::image) group: u64,
    pub(in crate::image) mode: u32,
    /// Modification time: seconds since 1970, and nanoseconds.
    pub(in crate::image) time: (i64, u32),
    pub(in crate::image) size: u64,
    /// Extended attributes, under their keys in an archive.
    pub(in crate::image) attributes: Vec<Pair>,
}

impl Piece {
    /// Returns a world-readable directory that belongs to root.
    pub(in crate::image) fn directory(name: &[u8]) -> Self {
        Self {
            name: name.to_vec(),
            kind: EntryType::Directory,
            target: Vec::new(),
            user: 0,
            group: 0,
            mode: 0o755,
            time: (0, 0),
            size: 0,
            attributes: Vec::new(),
        }
    }

    /// Makes the entry root's, with default permissions.
    pub(in crate::image) fn belongs_to_root(&mut self) {
        (self.user, self.group) = (0, 0);
        self.mode = if self.kind == EntryType::Directory {
            0o755
        } else {
            0o644
        };
        self.attributes.clear();
    }
}

/// An archive that is being written.
pub(in crate::image) struct Writer<W: Write> {
    builder: Builder<W>,
}

impl<W: Write> Writer<W> {
    /// Begins an archive that is written to `to`.
    pub(in crate::image) fn new(to: W) -> Self {
        Self {
            builder: Builder::new(to),
        }
    }

    /// Adds an entry with its content.
    pub(in crate::image) fn write(
        &mut self,
        piece: &Piece,
        content: &mut dyn Read,
    ) -> Result<(), Stop> {
        let mut header = Header::new_gnu();
        header.set_entry_type(piece.kind);
        header.set_mode(piece.mode);
        header.set_uid(piece.user);
        header.set_gid(piece.group);
        let (seconds, nanos) = piece.time;
        header.set_mtime(u64::try_from(seconds).unwrap_or(0));
        let size = if piece.kind == EntryType::Regular {
            piece.size
        } else {
            0
        };
        header.set_size(size);
        let old = header.as_old_mut();
        let mut extended: Vec<(&[u8], &[u8])> = Vec::new();
        let root = b".".to_vec();
        let name = if piece.name.is_empty() {
            &root
        } else {
            &piece.name
        };
        for (key, value, field) in [
            (&b"path"[..], name, &mut old.name),
            (b"linkpath", &piece.target, &mut old.linkname),
        ] {
            let short = value.len().min(SHORT);
            field[..short].copy_from_slice(&value[..short]);
            if value.len() > SHORT {
                extended.push((key, value));
            }
        }
        header.set_cksum();
        let time = exact(seconds, nanos);
        if let Some(time) = &time {
            extended.push((b"mtime", time.as_bytes()));
        }
        let attributes = piece.attributes.iter();
        extended.extend(attributes.map(|(key, value)| (&key[..], &value[..])));
        if !extended.is_empty() {
            let bytes = written(&extended);
            let mut header = Header::new_ustar();
            header.set_entry_type(EntryType::XHeader);
            header.set_size(bytes.len() as u64);
            header.set_cksum();
            self.builder
                .append(&header, &bytes[..])
                .map_err(Stop::Write)?;
        }
        let mut content = Tracked {
            inner: content.take(size),
            error: None,
            left: size,
        };
        let written = self.builder.append(&header, &mut content);
        if let Some(error) = content.error {
            return Err(Stop::Read(error));
        }
        written.map_err(Stop::Write)?;
        if content.left > 0 {
            return Err(Stop::Read(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(())
    }

    /// Writes the end of the archive.
    pub(in crate::image) fn finish(&mut self) -> io::Result<()> {
        self.builder.finish()?;
        self.builder.get_mut().flush()
    }
}

/// Formats a time that does not fit into the header field.
fn exact(seconds: i64, nanos: u32) -> Option<String> {
    match (seconds, nanos) {
        (0.., 0) => None,
        (0.., _) => Some(format!("{seconds}.{nanos:09}")),
        (_, 0) => Some(seconds.to_string()),
        // The nanoseconds count forwards, but a negative decimal counts backwards.
        _ => Some(format!("-{}.{:09}", -(seconds + 1), 1_000_000_000 - nanos)),
    }
}

/// Distinguishes read errors from write errors, which `append` does not.
struct Tracked<R> {
    inner: R,
    error: Option<io::Error>,
    left: u64,
}

impl<R: Read> Read for Tracked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(length) => {
                self.left -= length as u64;
                Ok(length)
            }
            Err(error) => {
                let kind = error.kind();
                if kind != io::ErrorKind::Interrupted {
                    self.error = Some(error);
                }
                Err(kind.into())
            }
        }
    }
}
