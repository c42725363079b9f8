//! One entry: its kind, and all of its metadata that is rewritten.
//!
//! Knows no other entries.

use super::*;

impl<W: Write> Pass<'_, W> {
    /// Builds the rewritten entry; the target of a hard link is set elsewhere.
    pub(super) fn piece(
        &self,
        name: &[u8],
        member: &Member,
        attributes: Attributes,
    ) -> Result<Piece, Stop> {
        let owner = |said: Option<u64>, read: Option<i64>| said.or(u64::try_from(read?).ok());
        let owners = owner(attributes.user, member.user).zip(owner(attributes.group, member.group));
        let mode = member.mode.map(|mode| u32::try_from(mode & 0o7777));
        let (Some((user, group)), Some(Ok(mode))) = (owners, mode) else {
            return Err(self.refuse("its owner or permissions are not numeric"));
        };
        let kind = EntryType::new(member.kind);
        let is_symlink = kind == EntryType::Symlink;
        Ok(Piece {
            name: name.to_vec(),
            kind,
            target: if is_symlink {
                member.target.clone()
            } else {
                Vec::new()
            },
            user,
            group,
            mode,
            time: attributes.time.unwrap_or((member.time, 0)),
            size: member.size,
            attributes: attributes.kept,
        })
    }

    /// Returns what the entry's name refers to.
    pub(super) fn classify(
        &self,
        kind: EntryType,
        name: &[u8],
        member: &Member,
    ) -> Result<NameKind, Stop> {
        match kind {
            EntryType::Regular if member.nonsense => Err(self.refuse_for(
                "it is a sparse file in an unsupported form",
                "pack it with GNU tar, or without looking for holes: tar without -S",
            )),
            EntryType::Regular => Ok(NameKind::File),
            EntryType::Directory => Ok(NameKind::Directory),
            _ if self.order.kind == Kind::Plain => {
                Err(self.refuse("it is neither a file nor a directory"))
            }
            EntryType::Symlink => {
                names::check_target(name, &member.target).map_err(|cause| self.refuse(cause))?;
                Ok(NameKind::Symlink)
            }
            EntryType::Link | EntryType::Fifo => Ok(NameKind::Other),
            EntryType::Char | EntryType::Block if name.starts_with(b"dev/") => {
                Ok(NameKind::Omitted)
            }
            EntryType::Char | EntryType::Block => Err(self.refuse_for(
                "it is a device outside of /dev",
                "leave it out, as in tar --exclude=./NAME: guests have devices in a /dev of their own",
            )),
            _ => Err(self.refuse_for(
                "it is of an unknown kind",
                "pack it with GNU tar, bsdtar or another that writes the POSIX form",
            )),
        }
    }
}
