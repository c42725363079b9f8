//! One pass over a foreign archive: checks every entry and writes a new archive.
//!
//! The program that unpacks never sees a byte of the original archive's structure.

use super::architecture::{HEAD, Sightings};
use super::attributes::Attributes;
use super::below::{self, Below};
use super::contents::Contents;
use super::entries::{Entries, Member};
use super::findings::{Found, Removed, Stop};
use super::meter::{Gauge, Meter};
use super::names::{self, Kind as NameKind, Names, plain, split};
use super::order::{Kind, Order};
use super::refusal::{cannot, shown, too_much, unsafe_entry};
use super::writer::{Piece, Writer};
use crate::image::layer::footprint;
use std::io::{self, Read, Write};
use tar::EntryType;

mod entry;
mod removal;
mod way;
mod whiteout;

/// A guest's ids are below this.
const IDS: u64 = 65_536;

/// The keeper provides these in every guest.
const FRESH: [&[u8]; 5] = [b"dev", b"proc", b"run", b"sys", b"tmp"];

/// The maximum number of remarks.
const MOST_REMARKS: usize = 20;

/// Reads an archive to its end and writes the image's entries to `to`.
pub(super) fn pass(
    order: &Order,
    below: &Below,
    from: impl Read,
    to: impl Write,
) -> Result<Found, Stop> {
    let (meter, gauge) = Meter::new(from, order.limits.bytes);
    let mut entries = Entries::new(meter);
    let mut pass = Pass {
        order,
        below,
        gauge: &gauge,
        names: Names::default(),
        seen: Sightings::default(),
        contents: Contents::default(),
        writer: Writer::new(to),
        removed: Removed::default(),
        remarks: Vec::new(),
        has_root: false,
        count: 0,
        bytes: 0,
        room: 0,
        last: b"".to_vec(),
    };
    let ended = pass.entries(&mut entries);
    let ended = ended.and_then(|()| pass.end(&mut entries.into_inner()));
    match ended {
        Err(stop) => Err(stop.explain(order, &pass.last, gauge.exceeded())),
        Ok(()) => Ok(Found {
            removed: pass.removed,
            bytes: pass.room,
            remarks: pass.remarks,
        }),
    }
}

struct Pass<'a, W: Write> {
    order: &'a Order,
    below: &'a Below,
    gauge: &'a Gauge,
    names: Names,
    seen: Sightings,
    contents: Contents,
    writer: Writer<W>,
    removed: Removed,
    remarks: Vec<String>,
    /// Whether the archive has an entry for the root itself.
    has_root: bool,
    count: u64,
    bytes: u64,
    room: u64,
    last: Vec<u8>,
}

impl<W: Write> Pass<'_, W> {
    fn entries<R: Read>(&mut self, entries: &mut Entries<R>) -> Result<(), Stop> {
        loop {
            self.gauge.between();
            let Some(member) = entries.next().map_err(Stop::Read)? else {
                break;
            };
            self.gauge.content();
            self.count_one()?;
            self.last.clone_from(&member.name);
            self.count_bytes(member.size)?;
            self.entry(&member, entries)?;
            // Skips the content that was not read.
            io::copy(entries, &mut io::sink()).map_err(Stop::Read)?;
        }
        // A layer's hash has already shown that it is complete.
        if self.gauge.ended() && self.order.kind != Kind::Layer {
            let cause = if self.count == 0 {
                "it is not a tar archive: it is empty".to_owned()
            } else {
                format!(
                    "it ends after entry `{}` without an end-of-archive marker",
                    shown(&self.last)
                )
            };
            return Err(Stop::Short(
                cannot(&self.order.name, cause)
                    .hint("the file is truncated; download or make it again"),
            ));
        }
        if self.count == 0 && self.order.kind != Kind::Layer {
            let cause = "it holds no entries";
            return Err(Stop::Refused(
                cannot(&self.order.name, cause)
                    .hint("pack the root file system itself: tar -C ROOTFS -c ."),
            ));
        }
        Ok(())
    }

    /// Counts an entry, which costs the store a file whatever its size.
    fn count_one(&mut self) -> Result<(), Stop> {
        self.count += 1;
        let most = self.order.limits.entries;
        if self.count <= most {
            return Ok(());
        }
        let cause = format!("it has more than {most} entries");
        Err(Stop::Refused(cannot(&self.order.name, cause).hint(
            "split it up, or leave out what the guest does not need",
        )))
    }

    fn count_bytes(&mut self, size: u64) -> Result<(), Stop> {
        self.bytes = self.bytes.saturating_add(size);
        self.room = self.room.saturating_add(footprint::of_file(size));
        if self.bytes > self.order.limits.bytes {
            Err(Stop::Refused(too_much(
                &self.order.name,
                &self.order.limits,
            )))
        } else {
            Ok(())
        }
    }

    fn end(&mut self, rest: &mut impl Read) -> Result<(), Stop> {
        self.gauge.content();
        // The checksum of compressed data is at its very end and is verified only if everything is
        // read.
        io::copy(rest, &mut io::sink()).map_err(Stop::Read)?;
        let other = self
            .contents
            .other()
            .filter(|_| self.order.kind == Kind::Root);
        if let Some((what, cure)) = other {
            let cause = format!("it is not a root file system but {what}");
            let cure = cure.replace("{}", &self.order.name);
            return Err(Stop::Refused(cannot(&self.order.name, cause).hint(cure)));
        }
        self.seen.conclude().map_err(|cause| self.foreign(cause))?;
        if !self.has_root {
            self.imply(b"", &self.found(b"")?)?;
        }
        self.writer.finish().map_err(Stop::Write)
    }

    fn refuse(&self, cause: &str) -> Stop {
        Stop::Refused(unsafe_entry(
            &self.order.name,
            &self.last,
            cause,
            self.order.kind,
        ))
    }

    /// Refuses the entry like [`refuse`](Self::refuse), with a specific hint.
    fn refuse_for(&self, cause: &str, cure: &str) -> Stop {
        match self.refuse(cause) {
            Stop::Refused(failure) => Stop::Refused(failure.hint(cure)),
            stop => stop,
        }
    }

    fn foreign(&self, cause: String) -> Stop {
        Stop::Refused(cannot(&self.order.name, cause).hint(
            "get the image for this architecture, or build it on a host of its own architecture",
        ))
    }

    fn entry<R: Read>(&mut self, member: &Member, content: &mut Entries<R>) -> Result<(), Stop> {
        let kind = EntryType::new(member.kind);
        let name = plain(&member.name).map_err(|cause| self.refuse(cause))?;
        let (directory, file) = split(&name);
        if self.order.kind == Kind::Layer && whiteout::is_one(file) {
            return self.remove(directory, file);
        }
        let directory = self.resolve_directory(directory)?;
        let name = names::joined(&directory, file);
        self.contents.take(&name);
        if FRESH.contains(&&name[..])
            && kind != EntryType::Directory
            && self.order.kind != Kind::Plain
        {
            let cause = format!("its /{} is not a directory", shown(&name));
            return Err(Stop::Refused(cannot(&self.order.name, cause).hint(
                "guests get their own /dev, /proc, /run, /sys and /tmp there: make it an empty directory",
            )));
        }
        let attributes =
            Attributes::of(&member.pairs).map_err(|(cause, cure)| self.refuse_for(cause, cure))?;
        let mut piece = self.piece(&name, member, attributes)?;
        let mut known = self.classify(kind, &name, member)?;
        if kind == EntryType::Link {
            (piece.target, known) = self.linked(&member.target)?;
        }
        if known == NameKind::Directory {
            known = self.directory(&name)?;
        }
        self.names
            .add(&name, known)
            .map_err(|cause| self.refuse(cause))?;
        if known == NameKind::Omitted {
            return Ok(());
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
                .hint("pack it with the user ids inside the image: as root there, with tar --numeric-owner")));
        }
        let mut head = Vec::new();
        if known == NameKind::File
            && kind != EntryType::Link
            && Sightings::wants(&name)
            && self.order.kind != Kind::Plain
        {
            content
                .by_ref()
                .take(HEAD as u64)
                .read_to_end(&mut head)
                .map_err(Stop::Read)?;
            self.seen
                .take(&name, &head)
                .map_err(|cause| self.foreign(cause))?;
        }
        self.has_root |= name.is_empty();
        self.writer.write(&piece, &mut (&head[..]).chain(content))
    }
}

#[cfg(test)]
mod tests;
