//! Walks the host's system file by file, parents before their content. Reads only the few files that it rewrites, and opens
//! none of the others.
//!
//! Files that not everybody may read stay out of an image: images are shared, and must not depend on who builds them.

use super::system::{EMPTY, Share, System, TOPS, is_tag, locked};
use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The permissions of others: to read, and to go through.
const READ: u32 = 0o004;
const ENTER: u32 = 0o005;

/// Who owns what has an owner that no guest has.
const NOBODY: u32 = 65_534;

/// A file that names the servers of names is at most so large.
const LARGEST: u64 = 1 << 16;

/// A file.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its name below the root.
    pub(super) name: PathBuf,
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) user: u32,
    pub(super) group: u32,
    /// Seconds since 1970.
    pub(super) time: u64,
    /// Bytes of its content.
    pub(super) size: u64,
}

/// What it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    /// The one at this path.
    File(PathBuf),
    /// Another name of the file of this name.
    Link(PathBuf),
    Symlink(PathBuf),
    /// One with this content instead of the host's.
    Made(Vec<u8>),
}

/// What was left out because not everybody may read it.
#[derive(Debug, Default)]
pub(super) struct Closed {
    /// Of files, and of directories all that is in them.
    pub(super) paths: Vec<PathBuf>,
}

/// Gives every file of the system to `take`, which says whether it could; gives what was left out.
pub(super) fn walk(
    system: &System,
    take: &mut dyn FnMut(&Entry) -> io::Result<bool>,
) -> io::Result<Closed> {
    let mut walk = Walk {
        system,
        take,
        links: HashMap::new(),
        closed: Closed::default(),
    };
    walk.top(Path::new(""))?;
    for name in EMPTY {
        walk.top(Path::new(name))?;
    }
    for name in TOPS {
        walk.visit(Path::new(name), Share::Whole)?;
    }
    Ok(walk.closed)
}

struct Walk<'a> {
    system: &'a System,
    take: &'a mut dyn FnMut(&Entry) -> io::Result<bool>,
    /// Where the first name is of a file that has several.
    links: HashMap<(u64, u64), PathBuf>,
    closed: Closed,
}

impl Walk<'_> {
    /// A directory with nothing in it, whatever is there on the host.
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
        // It may have gone since its directory was read.
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
            // A link has none of its own.
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
            self.closed.paths.push(path);
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
            self.closed.paths.push(path);
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
                self.closed.paths.push(path);
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

    /// What becomes of a file; `None` if it is left out.
    fn kind(&mut self, name: &Path, path: &Path, meta: &Metadata) -> Option<Kind> {
        if meta.is_dir() {
            return Some(Kind::Directory);
        }
        if name == Path::new("etc/shadow") && meta.is_file() {
            return Some(Kind::Made(locked(&self.system.passwd()).into_bytes()));
        }
        if meta.is_symlink() {
            // A guest's /run is empty, and steps with a network ask the servers that the host asks.
            if name == Path::new("etc/resolv.conf") {
                let small =
                    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST);
                if let Some(content) = small.then(|| fs::read(path).ok()).flatten() {
                    return Some(Kind::Made(content));
                }
            }
            return Some(Kind::Symlink(inside(name, &fs::read_link(path).ok()?)));
        }
        // Sockets, pipes and devices are of what runs on the host.
        if !meta.is_file() {
            return None;
        }
        if meta.mode() & READ == 0 {
            self.closed.paths.push(path.to_path_buf());
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

/// The same target of a link without steps above the root, where they lead nowhere.
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

/// The same error with the path in it.
pub(super) fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
