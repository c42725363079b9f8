//! Resolves the real path of an entry.
//!
//! Directories that it only implies are taken from the layers below, links there are followed, and
//! targets of hard links are copied up from there.

use super::super::below::Found;
use super::*;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// How many links are followed while resolving one path.
const MOST_LINKS: usize = 40;

impl<W: Write> Pass<'_, W> {
    /// Resolves a directory's plain name; directories that the archive does not name are created.
    pub(super) fn resolve_directory(&mut self, directory: &[u8]) -> Result<Vec<u8>, Stop> {
        // The parents of a known directory are directories, too.
        if matches!(
            self.names.get(directory),
            Some(NameKind::Directory | NameKind::Opaque)
        ) {
            return Ok(directory.to_vec());
        }
        let mut rest = parts(directory);
        let mut real = Vec::new();
        let mut links = 0;
        while let Some(part) = rest.pop() {
            if part == b".." {
                real = split(&real).0.to_vec();
                continue;
            }
            let next = names::joined(&real, &part);
            match self.names.get(&next) {
                Some(NameKind::Directory | NameKind::Opaque) => real = next,
                Some(NameKind::Symlink) => {
                    return Err(self.refuse("it lies below a symbolic link of the archive's"));
                }
                Some(NameKind::File | NameKind::Other | NameKind::Omitted) => {
                    return Err(self.refuse("it lies below a file that is not a directory"));
                }
                Some(NameKind::Removed) | None => match self.found(&next)? {
                    Found::Symlink(link) => {
                        let target = self.read_link(&link)?;
                        links += 1;
                        if links > MOST_LINKS || target.len() + real.len() > names::LONGEST {
                            return Err(self.refuse("it lies below a loop of symbolic links"));
                        }
                        if target.starts_with(b"/") {
                            real.clear();
                        }
                        rest.extend(parts(&target));
                    }
                    found => {
                        self.imply(&next, &found)?;
                        real = next;
                    }
                },
            }
        }
        Ok(real)
    }

    /// Returns what the layers below have at a plain name, unless it is hidden.
    ///
    /// The name's directory must be resolved.
    pub(super) fn found(&self, plain: &[u8]) -> Result<Found, Stop> {
        let hidden = self.names.get(plain) == Some(NameKind::Removed)
            || (!plain.is_empty() && self.names.get(split(plain).0) == Some(NameKind::Opaque));
        if hidden {
            Ok(Found::Nothing)
        } else {
            self.below.find(plain).map_err(Stop::Write)
        }
    }

    /// Creates a directory that has no entry, with the attributes of the one below.
    pub(super) fn imply(&mut self, plain: &[u8], found: &Found) -> Result<(), Stop> {
        let (piece, kind) = match found {
            Found::Directory(path) => {
                let piece = below::copy_of(plain, path).map_err(Stop::Write)?;
                (piece, NameKind::Directory)
            }
            Found::Unknown => (Piece::directory(plain), NameKind::Directory),
            Found::Nothing => (Piece::directory(plain), NameKind::Opaque),
            Found::Symlink(_) | Found::Other(_) => {
                self.remark(format!(
                    "/{} is a directory, in place of the file that the layers below have there",
                    shown(plain)
                ));
                (Piece::directory(plain), NameKind::Opaque)
            }
        };
        if !plain.is_empty() {
            self.contents.take(plain);
            self.count_one()?;
            self.names
                .add(plain, kind)
                .map_err(|cause| self.refuse(cause))?;
        }
        self.writer.write(&piece, &mut io::empty())
    }

    /// Returns the kind of a directory entry.
    ///
    /// Adds a remark if it replaces a link in the layers below.
    pub(super) fn directory(&mut self, plain: &[u8]) -> Result<NameKind, Stop> {
        if self.order.kind != Kind::Layer || plain.is_empty() {
            return Ok(NameKind::Directory);
        }
        Ok(match (self.names.get(plain), self.found(plain)?) {
            (None | Some(NameKind::Removed), Found::Nothing) => NameKind::Opaque,
            (None, Found::Symlink(link)) => {
                let target = self.read_link(&link)?;
                self.remark(format!(
                    "/{} is a directory, in place of the link to {} that the layers below have there",
                    shown(plain),
                    shown(&target)
                ));
                NameKind::Opaque
            }
            _ => NameKind::Directory,
        })
    }

    /// Resolves the target of a hard link, and copies it up if it is in the layers below.
    ///
    /// Returns its path and kind.
    pub(super) fn linked(&mut self, target: &[u8]) -> Result<(Vec<u8>, NameKind), Stop> {
        let target =
            plain(target).map_err(|_| self.refuse("it is a hard link that points outside"))?;
        let directory = "it is a hard link to a directory";
        match self.names.get(&target) {
            Some(NameKind::Directory | NameKind::Opaque) => return Err(self.refuse(directory)),
            Some(NameKind::Removed) => {}
            Some(kind) => return Ok((target, kind)),
            None if target.is_empty() => return Err(self.refuse(directory)),
            None if self.order.kind == Kind::Layer => {
                let (above, file) = split(&target);
                let real = names::joined(&self.resolve_directory(above)?, file);
                match (self.names.get(&real), self.found(&real)?) {
                    (Some(NameKind::Directory | NameKind::Opaque), _)
                    | (_, Found::Directory(_)) => {
                        return Err(self.refuse(directory));
                    }
                    (Some(NameKind::Removed), _) | (None, Found::Nothing) => {}
                    (Some(kind), _) => return Ok((real, kind)),
                    (None, Found::Unknown) => return Ok((real, NameKind::File)),
                    (None, Found::Symlink(path) | Found::Other(path)) => {
                        let kind = self.bring(&real, &path)?;
                        return Ok((real, kind));
                    }
                }
            }
            None => {}
        }
        Err(self.refuse(match self.order.kind {
            Kind::Layer => {
                "it is a hard link to a file that neither its layer nor a layer below has"
            }
            _ => "it is a hard link to a file that does not precede it in the archive",
        }))
    }

    /// Copies a file up from the layers below, as an overlay does on a write.
    fn bring(&mut self, plain: &[u8], path: &Path) -> Result<NameKind, Stop> {
        let piece = below::copy_of(plain, path).map_err(Stop::Write)?;
        self.count_one()?;
        self.count_bytes(piece.size)?;
        let kind = match piece.kind {
            EntryType::Regular => NameKind::File,
            EntryType::Symlink => NameKind::Symlink,
            _ => NameKind::Other,
        };
        let mut content: Box<dyn Read> = match kind {
            NameKind::File => Box::new(File::open(path).map_err(Stop::Write)?),
            _ => Box::new(io::empty()),
        };
        self.names
            .add(plain, kind)
            .map_err(|cause| self.refuse(cause))?;
        self.writer.write(&piece, &mut content)?;
        Ok(kind)
    }

    fn read_link(&self, path: &Path) -> Result<Vec<u8>, Stop> {
        let target = std::fs::read_link(path).map_err(Stop::Write)?;
        Ok(target.as_os_str().as_bytes().to_vec())
    }

    fn remark(&mut self, words: String) {
        if self.remarks.len() < MOST_REMARKS {
            self.remarks.push(format!("{}: {words}", self.order.name));
        }
    }
}

/// Returns the components of a path, last one first.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.split(|&byte| byte == b'/');
    let named = parts.filter(|part| !matches!(*part, b"" | b"."));
    named.rev().map(<[u8]>::to_vec).collect()
}
