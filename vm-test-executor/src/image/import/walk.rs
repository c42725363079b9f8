//! Walks the host's system file by file, parents before their contents.
//!
//! Reads only the few files that it rewrites, and opens no others. Files that are not
//! world-readable stay out of an image: images are shared, and must not depend on who builds them.

use super::system::{EMPTY, Share, System, TOPS, is_tag, locked};
use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Permission bits of others: to read a file, and to list and enter a directory.
const READ: u32 = 0o004;
const ENTER: u32 = 0o005;

/// The owner of files whose owner has no id in a guest.
const NOBODY: u32 = 65_534;

/// The size limit of `resolv.conf`.
const LARGEST: u64 = 1 << 16;

/// A file of the system.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its path below the root.
    pub(super) name: PathBuf,
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) user: u32,
    pub(super) group: u32,
    /// Seconds since 1970.
    pub(super) time: u64,
    /// The size of its content in bytes.
    pub(super) size: u64,
}

/// The kind of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    /// A regular file, with its path on the host.
    File(PathBuf),
    /// A hard link to the file with this name.
    Link(PathBuf),
    Symlink(PathBuf),
    /// A regular file with this content instead of the host's.
    Made(Vec<u8>),
}

/// What was left out because it is not world-readable.
#[derive(Debug, Default)]
pub(super) struct Unreadable {
    /// Files, and directories without their contents.
    pub(super) paths: Vec<PathBuf>,
}

/// Passes every file of the system to `take`, and returns what was left out.
///
/// `take` returns whether it could read the file.
pub(super) fn walk(
    system: &System,
    take: &mut dyn FnMut(&Entry) -> io::Result<bool>,
) -> io::Result<Unreadable> {
    let mut walk = Walk {
        system,
        take,
        links: HashMap::new(),
        unreadable: Unreadable::default(),
    };
    walk.top(Path::new(""))?;
    for name in EMPTY {
        walk.top(Path::new(name))?;
    }
    for name in TOPS {
        walk.visit(Path::new(name), Share::Whole)?;
    }
    Ok(walk.unreadable)
}

struct Walk<'a> {
    system: &'a System,
    take: &'a mut dyn FnMut(&Entry) -> io::Result<bool>,
    /// The first name of each file that has several.
    links: HashMap<(u64, u64), PathBuf>,
    unreadable: Unreadable,
}

impl Walk<'_> {
    /// Creates a top-level directory, empty whatever the host has there.
    fn top(&mut self, name: &Path) -> io::Result<()> {
        let meta = fs::symlink_metadata(self.system.root.join(name)).ok();
        let meta = meta.filter(Metadata::is_dir);
        let entry = Entry {
            name: name.to_path_buf(),
            kind: Kind::Directory,
            mode: meta.as_ref().map_or(0o755, Metadata::mode),
            user: meta.as_ref().map_or(0, Metadata::uid),
            group: meta.as_ref().map_or(0, Metadata::gid),
            time: meta.as_ref().map_or(0, time_of),
            size: 0,
        };
        (self.take)(&entry.with_ids_of_guests()).map(drop)
    }

    fn visit(&mut self, name: &Path, above: Share) -> io::Result<()> {
        let path = self.system.root.join(name);
        // It may have been removed since its directory was read.
        let Ok(meta) = fs::symlink_metadata(&path) else {
            return Ok(());
        };
        let share = match (self.system.share(name), above) {
            (Share::Nothing, _) => return Ok(()),
            (Share::Whole, Share::Directories) => Share::Directories,
            (share, _) => share,
        };
        if share == Share::Directories && !meta.is_dir() {
            return Ok(());
        }
        let Some(kind) = self.kind(name, &path, &meta) else {
            return Ok(());
        };
        let is_file = matches!(kind, Kind::File(_));
        let size = match &kind {
            Kind::File(_) => meta.len(),
            Kind::Made(content) => content.len() as u64,
            _ => 0,
        };
        let entry = Entry {
            name: name.to_path_buf(),
            kind,
            // A link has no permissions of its own.
            mode: if meta.is_symlink() {
                0o644
            } else {
                meta.mode() & 0o7777
            },
            user: meta.uid(),
            group: meta.gid(),
            time: time_of(&meta),
            size,
        };
        let taken = (self.take)(&entry.with_ids_of_guests())?;
        if !taken {
            self.unreadable.paths.push(path);
        } else if is_file && meta.nlink() > 1 {
            let number = (meta.dev(), meta.ino());
            self.links
                .entry(number)
                .or_insert_with(|| name.to_path_buf());
        } else if meta.is_dir() && share != Share::Empty {
            self.children(name, path, &meta, share)?;
        }
        Ok(())
    }

    fn children(
        &mut self,
        name: &Path,
        path: PathBuf,
        meta: &Metadata,
        share: Share,
    ) -> io::Result<()> {
        if meta.mode() & ENTER != ENTER {
            self.unreadable.paths.push(path);
            return Ok(());
        }
        let mut names = match fs::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>)
        {
            Ok(entries) => entries
                .iter()
                .map(fs::DirEntry::file_name)
                .collect::<Vec<_>>(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.unreadable.paths.push(path);
                return Ok(());
            }
            Err(error) => return Err(named(&path, &error)),
        };
        if names.iter().any(|name| is_tag(name)) {
            return Ok(());
        }
        names.sort_unstable();
        for child in names {
            self.visit(&name.join(child), share)?;
        }
        Ok(())
    }

    /// Returns what the file becomes; `None` if it is left out.
    fn kind(&mut self, name: &Path, path: &Path, meta: &Metadata) -> Option<Kind> {
        if meta.is_dir() {
            return Some(Kind::Directory);
        }
        if name == Path::new("etc/shadow") && meta.is_file() {
            return Some(Kind::Made(locked(&self.system.passwd()).into_bytes()));
        }
        if meta.is_symlink() {
            // A guest's /run is empty, and build steps with a network use the host's name servers.
            if name == Path::new("etc/resolv.conf") {
                let small =
                    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST);
                if let Some(content) = small.then(|| fs::read(path).ok()).flatten() {
                    return Some(Kind::Made(content));
                }
            }
            return Some(Kind::Symlink(inside(name, &fs::read_link(path).ok()?)));
        }
        // Sockets, FIFOs and devices belong to programs running on the host.
        if !meta.is_file() {
            return None;
        }
        if meta.mode() & READ == 0 {
            self.unreadable.paths.push(path.to_path_buf());
            return None;
        }
        Some(match self.links.get(&(meta.dev(), meta.ino())) {
            Some(first) if meta.nlink() > 1 => Kind::Link(first.clone()),
            _ => Kind::File(path.to_path_buf()),
        })
    }
}

impl Entry {
    fn with_ids_of_guests(mut self) -> Self {
        for id in [&mut self.user, &mut self.group] {
            if *id > NOBODY {
                *id = NOBODY;
            }
        }
        self
    }
}

/// Returns the target of a link without leading `..` components that have no effect at the root.
fn inside(name: &Path, target: &Path) -> PathBuf {
    let depth = name.components().count() - 1;
    let ups = target
        .components()
        .take_while(|part| part.as_os_str() == "..");
    match ups.count() {
        ups if ups > depth => {
            Path::new("/").join(target.components().skip(ups).collect::<PathBuf>())
        }
        _ => target.to_path_buf(),
    }
}

fn time_of(meta: &Metadata) -> u64 {
    u64::try_from(meta.mtime()).unwrap_or(0)
}

/// Adds the path to an error.
pub(super) fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
