//! Writes checked entries as an archive of our own, in the one form that GNU tar reads without any choice. Checks
//! nothing.

use super::attributes::Attributes;
use super::findings::Stop;
use std::io::{self, Read, Write};
use tar::{Builder, EntryType, Header};

/// A longer name goes into an extended header.
const SHORT: usize = 100;

/// An entry.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) name: Vec<u8>,
    pub(super) kind: EntryType,
    pub(super) target: Vec<u8>,
    pub(super) user: u64,
    pub(super) group: u64,
    mode: u32,
    time: u64,
    size: u64,
    attributes: Vec<(String, Vec<u8>)>,
}

impl Piece {
    /// An entry with what its header and its extended header say of it.
    pub(super) fn new(
        name: &[u8],
        header: &Header,
        attributes: Attributes,
        size: u64,
    ) -> io::Result<Self> {
        let own = |said: Option<u64>, read: io::Result<u64>| said.map_or(read, Ok);
        Ok(Self {
            name: if name.is_empty() {
                b".".to_vec()
            } else {
                name.to_vec()
            },
            kind: header.entry_type(),
            target: Vec::new(),
            user: own(attributes.user, header.uid())?,
            group: own(attributes.group, header.gid())?,
            mode: header.mode()? & 0o7777,
            // Times do not count for an image, so that a bad one does no harm.
            time: header.mtime().unwrap_or(0),
            size,
            attributes: attributes.kept,
        })
    }

    /// Makes it root's, readable and writable, with nothing that is special.
    pub(super) fn belongs_to_root(&mut self) {
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
pub(super) struct Writer<W: Write> {
    builder: Builder<W>,
}

impl<W: Write> Writer<W> {
    /// An archive that goes to `to`.
    pub(super) fn new(to: W) -> Self {
        Self {
            builder: Builder::new(to),
        }
    }

    /// Adds an entry with its content.
    pub(super) fn write(&mut self, piece: &Piece, content: &mut dyn Read) -> Result<(), Stop> {
        let mut header = Header::new_gnu();
        header.set_entry_type(piece.kind);
        header.set_mode(piece.mode);
        header.set_uid(piece.user);
        header.set_gid(piece.group);
        header.set_mtime(piece.time);
        let size = if piece.kind == EntryType::Regular {
            piece.size
        } else {
            0
        };
        header.set_size(size);
        let old = header.as_old_mut();
        let mut extended: Vec<(&str, &[u8])> = Vec::new();
        for (key, value, field) in [
            ("path", &piece.name, &mut old.name),
            ("linkpath", &piece.target, &mut old.linkname),
        ] {
            let short = value.len().min(SHORT);
            field[..short].copy_from_slice(&value[..short]);
            if value.len() > SHORT {
                extended.push((key, value));
            }
        }
        header.set_cksum();
        extended.extend(
            piece
                .attributes
                .iter()
                .map(|(key, value)| (&key[..], &value[..])),
        );
        if !extended.is_empty() {
            self.builder
                .append_pax_extensions(extended)
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

    /// Ends the archive.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.builder.finish()?;
        self.builder.get_mut().flush()
    }
}

/// Tells errors of reading from those of writing, which `append` does not.
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
