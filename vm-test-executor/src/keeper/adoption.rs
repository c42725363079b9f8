//! Workspace files whose owner or group does not exist in the guest: another user, or one of the
//! user's other groups. An overlay cannot copy them when they are written to, because it would have
//! to keep their owner (EOVERFLOW). They are copied before the overlay is mounted, and then belong
//! to the guest's root.

use super::upper::{Upper, assume, is_foreign};
use std::collections::VecDeque;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

/// At most this many files, those nearest to the top, are searched for one with a foreign owner. If
/// there is none, nothing is copied: every test would pay for the time.
const LOOKED_AT: usize = 1_000;

/// If there is one, at most this many files are visited.
const MOST_ENTRIES: usize = 200_000;

/// Only files of at most this size are copied, and at most `MOST_BYTES` in total: copies take up
/// the guest's memory.
const LARGEST: u64 = 4 << 20;
const MOST_BYTES: u64 = 64 << 20;

/// At most 1/`SHARE` of the free memory is used for copies.
const SHARE: u64 = 4;

/// The unit in which a copy's content takes up memory, and the overhead of each file, in bytes.
const PAGE: u64 = 4096;
const ENTRY: u64 = 1024;

/// The file that marks directories whose contents cargo generates, and the directory that git
/// manages.
const CACHE: &str = "CACHEDIR.TAG";
const GIT: &str = ".git";

/// Returns whether a directory of the host has a file, among those that are searched, of a user and
/// group for which `is_foreign` holds.
#[must_use]
pub fn has_any(directory: &Path, is_foreign: impl Fn(u32, u32) -> bool) -> bool {
    walk(directory, Path::new(""), LOOKED_AT, Made::Skipped).any(|entry| {
        is_foreign(entry.meta.uid(), entry.meta.gid()) && !(entry.is_made && entry.meta.is_file())
    })
}

/// Makes the guest's root the owner of everything below a path of the layer, except for hidden
/// paths.
pub(super) fn adopt(upper: &Upper<'_>, path: &Path, hidden: &[PathBuf]) -> io::Result<()> {
    let is_adopted = |entry: &Entry| {
        is_foreign(&entry.meta)
            && !(entry.is_made && entry.meta.is_file())
            && !hidden.iter().any(|path| entry.path.starts_with(path))
    };
    if !walk(upper.low, path, LOOKED_AT, Made::Skipped).any(|entry| is_adopted(&entry)) {
        return Ok(());
    }
    let free = rustix::fs::statvfs(upper.up)?;
    let free = free.f_bavail.saturating_mul(free.f_frsize);
    let mut room = MOST_BYTES.min(free / SHARE);
    for Entry { path, meta, .. } in
        walk(upper.low, path, MOST_ENTRIES, Made::Walked).filter(is_adopted)
    {
        let needs = takes_up(&meta);
        if needs > room {
            continue;
        }
        let (low, up) = (upper.low.join(&path), upper.up.join(&path));
        if meta.is_dir() {
            // A directory that cannot be read cannot be merged by an overlay either.
            if fs::read_dir(&low).is_ok() {
                upper.directory(&path)?;
                room -= needs;
            }
            continue;
        }
        if fs::symlink_metadata(&up).is_ok() {
            continue;
        }
        let parent = path.parent().unwrap_or(Path::new(""));
        if meta.is_symlink() {
            upper.directory(parent)?;
            symlink(fs::read_link(&low)?, &up)?;
            room -= needs;
        } else if meta.is_file() && meta.len() <= LARGEST {
            let Some(file) = open(&low, &meta) else {
                continue;
            };
            upper.directory(parent)?;
            // At most the size that was checked, even if somebody appends to it meanwhile.
            io::copy(&mut file.take(meta.len()), &mut File::create(&up)?)?;
            assume(&low, &meta, &up)?;
            room -= needs;
        }
    }
    Ok(())
}

/// Returns how much memory a copy takes up.
fn takes_up(meta: &Metadata) -> u64 {
    let content = if meta.is_file() { meta.len() } else { 0 };
    content
        .div_ceil(PAGE)
        .saturating_mul(PAGE)
        .saturating_add(ENTRY)
}

/// Opens the file that was checked, unless something else has taken its place: others with access
/// to the workspace may have put a link or a FIFO there.
fn open(path: &Path, meta: &Metadata) -> Option<File> {
    let mut options = File::options();
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = options.read(true).custom_flags(flags).open(path).ok()?;
    let now = file.metadata().ok()?;
    ((now.dev(), now.ino()) == (meta.dev(), meta.ino())).then_some(file)
}

/// A file below a layer.
struct Entry {
    path: PathBuf,
    meta: Metadata,
    /// Whether cargo or git generates the contents of this directory.
    is_made: bool,
}

/// What becomes of directories whose content cargo or git makes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    /// Only they themselves are walked.
    Skipped,
    /// What is below is, too.
    Walked,
}

/// What is at a path and below it, the nearest first.
fn walk(root: &Path, path: &Path, most: usize, made: Made) -> impl Iterator<Item = Entry> {
    let root = root.to_path_buf();
    let mut queue = VecDeque::from([(path.to_path_buf(), false)]);
    let next = move || {
        loop {
            let (path, is_made) = queue.pop_front()?;
            // It may have been removed meanwhile.
            let Ok(meta) = fs::symlink_metadata(root.join(&path)) else {
                continue;
            };
            let is_dir = meta.is_dir();
            let begins = || path.ends_with(GIT) || root.join(&path).join(CACHE).is_file();
            let is_made = is_made || (is_dir && begins());
            if is_dir && queue.len() < most && (made == Made::Walked || !is_made) {
                let entries = fs::read_dir(root.join(&path))
                    .into_iter()
                    .flatten()
                    .flatten();
                let entries = entries.map(|entry| (path.join(entry.file_name()), is_made));
                queue.extend(entries.take(most - queue.len()));
            }
            return Some(Entry {
                path,
                meta,
                is_made,
            });
        }
    };
    std::iter::from_fn(next).take(most)
}
