//! Finds the files to send to the host: those in the directories for artifacts and profiles, and
//! workspace files that the job has written. Follows no link and opens no file.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use vm_test_protocol::harvest::CARGOS_FILES;
use vm_test_protocol::pattern::Pattern;

/// How many directory entries are visited: a job that makes millions must not take the time of
/// others.
pub(super) const MOST_ENTRIES: usize = 200_000;

/// The precision of file times.
const TICK: Duration = Duration::from_millis(20);

/// How much of a tree was visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    All,
    /// There are more entries than were visited.
    Part,
}

/// Returns the profiles in a directory, always in the same order for the same guest.
pub(super) fn profiles(directory: &Path) -> Vec<PathBuf> {
    let is_real = fs::symlink_metadata(directory).is_ok_and(|meta| meta.is_dir());
    let entries = fs::read_dir(directory).ok().filter(|_| is_real);
    let entries = entries.into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| PathBuf::from(entry.file_name()))
        .filter(|name| name.extension().is_some_and(|end| end == "profraw"))
        .take(MOST_ENTRIES)
        .collect();
    names.sort();
    names
}

/// Returns everything below a directory except directories, by relative path; visits at most `most`
/// entries.
pub(super) fn all(
    root: &Path,
    most: usize,
    found: &mut dyn FnMut(&Path) -> io::Result<()>,
) -> io::Result<Seen> {
    walk(root, most, &|_| false, &mut |path, _| found(path))
}

/// Returns the files of a workspace that match a pattern and have changed; visits at most `most`
/// entries.
pub(super) fn changed(
    root: &Path,
    patterns: &[Pattern],
    since: SystemTime,
    most: usize,
    found: &mut dyn FnMut(&Path) -> io::Result<()>,
) -> io::Result<Seen> {
    let since = (since - TICK)
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let is_new = |meta: &fs::Metadata| {
        let whole = u64::try_from(meta.ctime()).unwrap_or(0);
        let rest = u32::try_from(meta.ctime_nsec()).unwrap_or(0);
        Duration::new(whole, rest) >= since
    };
    // Files of cargo and of git do not belong to the workspace.
    let is_left_out = |directory: &Path| {
        directory.file_name().is_some_and(|name| name == ".git")
            || CARGOS_FILES
                .iter()
                .any(|name| directory.join(name).is_file())
    };
    walk(root, most, &is_left_out, &mut |path, meta| {
        let fits = path
            .to_str()
            .is_some_and(|text| patterns.iter().any(|pattern| pattern.fits(text)));
        if fits && is_new(meta) {
            found(path)?;
        }
        Ok(())
    })
}

fn walk(
    root: &Path,
    most: usize,
    is_left_out: &dyn Fn(&Path) -> bool,
    found: &mut dyn FnMut(&Path, &fs::Metadata) -> io::Result<()>,
) -> io::Result<Seen> {
    // A job may have put a link in place of its directory.
    let is_real = fs::symlink_metadata(root).is_ok_and(|meta| meta.is_dir());
    let mut left = most;
    let mut directories: Vec<_> = is_real.then(PathBuf::new).into_iter().collect();
    while let Some(directory) = directories.pop() {
        let Ok(entries) = fs::read_dir(root.join(&directory)) else {
            continue;
        };
        for entry in entries.flatten() {
            left = match left.checked_sub(1) {
                Some(left) => left,
                None => return Ok(Seen::Part),
            };
            let path = directory.join(entry.file_name());
            // For a link, the metadata of the link itself.
            let Ok(meta) = entry.metadata() else {
                continue;
            };
            if !meta.is_dir() {
                found(&path, &meta)?;
            } else if !is_left_out(&root.join(&path)) {
                directories.push(path);
            }
        }
    }
    Ok(Seen::All)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_fit_and_have_changed_are_found() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["a", "a/target", ".git"] {
            fs::create_dir(dir.path().join(path)).unwrap();
        }
        fs::write(dir.path().join("a/target/CACHEDIR.TAG"), "").unwrap();
        for path in ["a/x.new", "x.old", ".git/x.new", "a/target/x.new"] {
            fs::write(dir.path().join(path), "").unwrap();
        }
        std::os::unix::fs::symlink("/", dir.path().join("a/link")).unwrap();
        let found_since = |since| {
            let mut found = Vec::new();
            let patterns = [Pattern::new("**/*.new").unwrap()];
            changed(dir.path(), &patterns, since, 100, &mut |path| {
                found.push(path.to_path_buf());
                Ok(())
            })
            .unwrap();
            found
        };
        assert_eq!(found_since(SystemTime::UNIX_EPOCH), [Path::new("a/x.new")]);
        let later = SystemTime::now() + Duration::from_secs(60);
        assert!(found_since(later).is_empty());
    }

    #[test]
    fn a_walk_that_ends_before_its_tree_says_so() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        for (most, seen, count) in [(2, Seen::Part, 2), (3, Seen::All, 3)] {
            let mut found = 0;
            let mut counting = |_: &Path| {
                found += 1;
                Ok(())
            };
            assert_eq!(all(dir.path(), most, &mut counting).unwrap(), seen);
            assert_eq!(found, count);
        }
    }
}
