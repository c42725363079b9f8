//! Files of the workspace that belong to an id that the guest does not have: another user's, one of the groups that the user
//! is in besides. An overlay cannot copy them when they are written to, because it would have to keep their owner
//! (EOVERFLOW). Here they are copied before it is mounted, and are the guest's root's.

use super::upper::{Upper, assume, is_foreign};
use std::collections::VecDeque;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Among so many files, those nearest to the top, one is looked for that is another's. Without one nothing is copied: the
/// time it takes is every test's.
const LOOKED_AT: usize = 1_000;

/// So many are looked at once one is found, …
const MOST_ENTRIES: usize = 200_000;

/// … and files of at most this size are copied, of at most so many bytes together: they are in the guest's memory.
const LARGEST: u64 = 4 << 20;
const MOST_BYTES: u64 = 64 << 20;

/// In directories with a file of this name cargo makes its own; in the other git does.
const CACHE: &str = "CACHEDIR.TAG";
const GIT: &str = ".git";

/// Has the guest's root own what is below a path of the layer, but for what is hidden.
pub(super) fn adopt(upper: &Upper<'_>, path: &Path, hidden: &[PathBuf]) -> io::Result<()> {
    let is_adopted = |entry: &Entry| {
        is_foreign(&entry.meta)
            && !(entry.is_made && entry.meta.is_file())
            && !hidden.iter().any(|path| entry.path.starts_with(path))
    };
    if !walk(upper.low, path, LOOKED_AT, false).any(|entry| is_adopted(&entry)) {
        return Ok(());
    }
    let mut room = MOST_BYTES;
    for Entry { path, meta, .. } in walk(upper.low, path, MOST_ENTRIES, true).filter(is_adopted) {
        let (low, up) = (upper.low.join(&path), upper.up.join(&path));
        if meta.is_dir() {
            // One that cannot be read can be no part of a union either.
            if fs::read_dir(&low).is_ok() {
                upper.directory(&path)?;
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
        } else if meta.is_file() && meta.len() <= LARGEST.min(room) {
            let Ok(mut file) = File::open(&low) else {
                continue;
            };
            upper.directory(parent)?;
            room -= io::copy(&mut file, &mut File::create(&up)?)?.min(room);
            assume(&low, &meta, &up)?;
        }
    }
    Ok(())
}

/// A file below a layer.
struct Entry {
    path: PathBuf,
    meta: Metadata,
    /// Whether cargo or git makes what is in this directory.
    is_made: bool,
}

/// What is at a path and below it, the nearest first; of what is made only what `whole` asks for.
fn walk(root: &Path, path: &Path, most: usize, whole: bool) -> impl Iterator<Item = Entry> {
    let root = root.to_path_buf();
    let mut queue = VecDeque::from([(path.to_path_buf(), false)]);
    let next = move || {
        loop {
            let (path, is_made) = queue.pop_front()?;
            // Removed meanwhile, perhaps.
            let Ok(meta) = fs::symlink_metadata(root.join(&path)) else {
                continue;
            };
            let is_dir = meta.is_dir();
            let begins = || path.ends_with(GIT) || root.join(&path).join(CACHE).is_file();
            let is_made = is_made || (is_dir && begins());
            if is_dir && queue.len() < most && (whole || !is_made) {
                let entries = fs::read_dir(root.join(&path))
                    .into_iter()
                    .flatten()
                    .flatten();
                queue.extend(entries.map(|entry| (path.join(entry.file_name()), is_made)));
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
