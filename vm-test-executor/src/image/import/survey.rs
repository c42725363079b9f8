//! One pass over a foreign archive: every entry is checked, and those of the image are handed on, written anew. So the
//! program that unpacks never sees a byte of the archive's own structure.

use super::attributes::{Attributes, Trouble};
use super::findings::{Found, Removed, Stop};
use super::limits::words;
use super::machine::{HEAD, Sightings};
use super::meter::{Gauge, Meter};
use super::names::{self, Kind as NameKind, Names, plain, split};
use super::order::{Kind, Order};
use super::refusal::{cannot, shown, too_much, unsafe_entry};
use super::writer::{Piece, Writer};
use crate::image::space;
use std::io::{self, Read, Write};
use tar::{Archive, Entry, EntryType};

/// The ids that a guest has are below this.
const IDS: u64 = 65_536;

/// A guest has these from its keeper.
const FRESH: [&[u8]; 5] = [b"dev", b"proc", b"run", b"sys", b"tmp"];

/// Names of this prefix stand in a layer for what it removes; with the second, for all that a directory had below.
const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
const RESERVED: &[u8] = b".wh..wh.";

/// So many bytes of removed names are remembered.
const MOST_REMOVED: usize = 64 << 20;

/// Reads an archive to its end; `to` gets what is the image's.
pub(super) fn pass(order: &Order, from: impl Read, to: impl Write) -> Result<Found, Stop> {
    let (meter, gauge) = Meter::new(from, order.limits.bytes);
    let mut archive = Archive::new(meter);
    let mut pass = Pass {
        order,
        gauge: &gauge,
        names: Names::default(),
        seen: Sightings::default(),
        writer: Writer::new(to),
        removed: Removed::default(),
        bytes: 0,
        room: 0,
        last: b"".to_vec(),
    };
    let ended = pass.entries(&mut archive);
    let ended = ended.and_then(|()| pass.end(&mut archive.into_inner()));
    match ended {
        Err(stop) => Err(stop.explain(order, &pass.last, gauge.exceeded())),
        Ok(()) => Ok(Found {
            removed: pass.removed,
            bytes: pass.room,
        }),
    }
}

struct Pass<'a, W: Write> {
    order: &'a Order,
    gauge: &'a Gauge,
    names: Names,
    seen: Sightings,
    writer: Writer<W>,
    removed: Removed,
    bytes: u64,
    room: u64,
    last: Vec<u8>,
}

impl<W: Write> Pass<'_, W> {
    fn entries<R: Read>(&mut self, archive: &mut Archive<R>) -> Result<(), Stop> {
        let mut entries = archive.entries().map_err(Stop::Read)?;
        let mut count = 0;
        loop {
            self.gauge.between();
            let Some(entry) = entries.next() else {
                break;
            };
            let mut entry = entry.map_err(Stop::Read)?;
            self.gauge.content();
            count += 1;
            if count > self.order.limits.entries {
                let most = self.order.limits.entries;
                let cause = format!("it has more than {most} entries");
                return Err(Stop::Refused(
                    cannot(&self.order.name, cause)
                        .hint("split it up, or leave out what the guest does not need"),
                ));
            }
            self.last = entry.path_bytes().into_owned();
            self.bytes = self.bytes.saturating_add(entry.size());
            if self.bytes > self.order.limits.bytes {
                return Err(Stop::Refused(too_much(
                    &self.order.name,
                    &self.order.limits,
                )));
            }
            self.room = self.room.saturating_add(space::of_file(entry.size()));
            self.entry(&mut entry)?;
            // What was not of interest is content still.
            io::copy(&mut entry, &mut io::sink()).map_err(Stop::Read)?;
        }
        if self.gauge.ended() {
            let cause = if count == 0 {
                "it is not a tar archive: it is empty".to_owned()
            } else {
                format!(
                    "it ends after entry `{}` without the mark that ends an archive",
                    shown(&self.last)
                )
            };
            return Err(Stop::Short(
                cannot(&self.order.name, cause).hint("the file is cut off; fetch or make it again"),
            ));
        }
        if count == 0 {
            let cause = "it holds no entries";
            return Err(Stop::Refused(
                cannot(&self.order.name, cause)
                    .hint("pack the root file system itself: tar -C ROOTFS -c ."),
            ));
        }
        Ok(())
    }

    fn end(&mut self, rest: &mut impl Read) -> Result<(), Stop> {
        self.gauge.content();
        // A checksum is at the very end of what was compressed, and only who reads that far has it checked.
        io::copy(rest, &mut io::sink()).map_err(Stop::Read)?;
        self.seen.conclude().map_err(|cause| self.foreign(cause))?;
        self.writer.finish().map_err(Stop::Write)
    }

    fn refuse(&self, cause: &str) -> Stop {
        Stop::Refused(unsafe_entry(&self.order.name, &self.last, cause))
    }

    fn foreign(&self, cause: String) -> Stop {
        Stop::Refused(
            cannot(&self.order.name, cause)
                .hint("get the image for this kind of machine, or build it on one of its own"),
        )
    }

    fn entry<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> Result<(), Stop> {
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        let name = plain(&self.last).map_err(|cause| self.refuse(cause))?;
        let (directory, file) = split(&name);
        if self.order.kind == Kind::Layer && file.starts_with(WHITEOUT) {
            return self.remove(directory, file);
        }
        if FRESH.contains(&&name[..])
            && kind != EntryType::Directory
            && self.order.kind != Kind::Plain
        {
            let cause = format!("its /{} is not a directory", shown(&name));
            return Err(Stop::Refused(cannot(&self.order.name, cause).hint(
                "guests get their own /dev, /proc, /run, /sys and /tmp there: make it an empty directory",
            )));
        }
        let attributes = Attributes::of(entry).map_err(|trouble| match trouble {
            Trouble::Unreadable(error) => Stop::Read(error),
            Trouble::Unsafe(cause) => self.refuse(cause),
        })?;
        let mut piece = Piece::new(&name, entry.header(), attributes, entry.size())
            .map_err(|_| self.refuse("its owner or its permissions are no numbers"))?;
        let target = entry
            .link_name_bytes()
            .map(std::borrow::Cow::into_owned)
            .unwrap_or_default();
        let known = self.classify(kind, &name, &target, entry)?;
        self.names
            .add(&name, known)
            .map_err(|cause| self.refuse(cause))?;
        if known == NameKind::Omitted {
            return Ok(());
        }
        match kind {
            EntryType::Link => piece.target = plain(&target).map_err(|cause| self.refuse(cause))?,
            EntryType::Symlink => piece.target = target,
            _ => {}
        }
        if self.order.kind == Kind::Plain {
            piece.belongs_to_root();
        }
        if piece.user >= IDS || piece.group >= IDS {
            let cause = format!(
                "entry `{}` belongs to user {} and group {}, and a guest has ids below {IDS}",
                shown(&self.last),
                piece.user,
                piece.group
            );
            return Err(Stop::Refused(cannot(&self.order.name, cause)
                .hint("pack it with the ids that its users have inside: tar --numeric-owner, as root of it")));
        }
        let mut head = Vec::new();
        if known == NameKind::File
            && kind != EntryType::Link
            && Sightings::wants(&name)
            && self.order.kind != Kind::Plain
        {
            entry
                .by_ref()
                .take(HEAD as u64)
                .read_to_end(&mut head)
                .map_err(Stop::Read)?;
            self.seen
                .take(&name, &head)
                .map_err(|cause| self.foreign(cause))?;
        }
        piece.kind = match kind {
            EntryType::Continuous | EntryType::GNUSparse => EntryType::Regular,
            kind => kind,
        };
        self.writer.write(&piece, &mut (&head[..]).chain(entry))
    }

    /// What the entry makes of its name.
    fn classify<R: Read>(
        &self,
        kind: EntryType,
        name: &[u8],
        target: &[u8],
        entry: &Entry<'_, R>,
    ) -> Result<NameKind, Stop> {
        let is_plain = self.order.kind == Kind::Plain;
        match kind {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Ok(NameKind::File),
            EntryType::Directory => Ok(NameKind::Directory),
            _ if is_plain => Err(self.refuse("it is neither a file nor a directory")),
            EntryType::Symlink => {
                names::check_target(name, target).map_err(|cause| self.refuse(cause))?;
                Ok(NameKind::Symlink)
            }
            EntryType::Link if entry.size() > 0 => {
                Err(self.refuse("it is a hard link with a content"))
            }
            EntryType::Link => self
                .names
                .linked(target)
                .map_err(|cause| self.refuse(cause)),
            EntryType::Fifo => Ok(NameKind::Other),
            EntryType::Char | EntryType::Block if name.starts_with(b"dev/") => {
                Ok(NameKind::Omitted)
            }
            EntryType::Char | EntryType::Block => {
                Err(self.refuse("it is a device outside of /dev"))
            }
            _ => Err(self.refuse("it is of an unknown kind")),
        }
    }

    fn remove(&mut self, directory: &[u8], file: &[u8]) -> Result<(), Stop> {
        self.names
            .enter(directory)
            .map_err(|cause| self.refuse(cause))?;
        self.removed.bytes += self.last.len();
        if self.removed.bytes > MOST_REMOVED {
            let cause = format!(
                "it removes more names than {} hold",
                words(MOST_REMOVED as u64)
            );
            return Err(Stop::Refused(cannot(&self.order.name, cause)));
        }
        if file == OPAQUE {
            self.removed.directories.push(directory.to_vec());
        } else if !file.starts_with(RESERVED) {
            let gone = &file[WHITEOUT.len()..];
            if matches!(gone, b"" | b"." | b"..") {
                return Err(self.refuse("it removes what is not a name"));
            }
            let separator: &[u8] = if directory.is_empty() { b"" } else { b"/" };
            self.removed
                .paths
                .push([directory, separator, gone].concat());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
