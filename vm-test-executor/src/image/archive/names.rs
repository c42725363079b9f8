//! The names in an archive: checks each entry's name against those before it.
//!
//! Does not access the file system. The rules are stricter than extraction needs: anything that an
//! ordinary archive of a directory never contains is refused, so that nothing depends on how a
//! program resolves it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// The longest path, and the longest link target, that the kernel accepts.
pub(super) const LONGEST: usize = 4095;

/// The longest path component.
const LONGEST_PART: usize = 255;

/// What an entry name refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    /// A directory that hides its contents in the layers below.
    Opaque,
    Symlink,
    Other,
    /// Left out of the image, so nothing can link to it.
    Omitted,
    /// Removed: hides whatever the layers below have there.
    Removed,
}

/// The names so far.
///
/// Only their hashes are kept, with a random key that no archive can know, so that two million
/// names take tens of megabytes, however long they are.
#[derive(Debug, Default)]
pub(super) struct Names {
    state: RandomState,
    kinds: HashMap<u64, Kind>,
}

/// Normalises a name; the root itself is the empty name.
///
/// Removes `.` and empty components, refuses `..`, and makes absolute names relative.
pub(super) fn plain(name: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut plain = Vec::with_capacity(name.len());
    for part in name.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => continue,
            b".." => return Err("its name leads upwards with `..`"),
            _ if part.contains(&0) => return Err("its name holds a zero byte"),
            _ if part.len() > LONGEST_PART => return Err("a part of its name is too long"),
            _ => {}
        }
        if !plain.is_empty() {
            plain.push(b'/');
        }
        plain.extend_from_slice(part);
    }
    if plain.len() > LONGEST {
        return Err("its name is too long");
    }
    Ok(plain)
}

/// Splits a plain name into its directory and its last component.
pub(super) fn split(plain: &[u8]) -> (&[u8], &[u8]) {
    match plain.iter().rposition(|&byte| byte == b'/') {
        Some(at) => (&plain[..at], &plain[at + 1..]),
        None => (b"", plain),
    }
}

/// Joins a directory and a name.
pub(super) fn joined(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() {
        name.to_vec()
    } else {
        [directory, b"/", name].concat()
    }
}

impl Names {
    /// Records an entry whose directory is known to exist; an error says why it is not allowed.
    pub(super) fn add(&mut self, plain: &[u8], kind: Kind) -> Result<(), &'static str> {
        let is_directory = matches!(kind, Kind::Directory | Kind::Opaque);
        match self.get(plain) {
            _ if plain.is_empty() && !is_directory => Err("the root is not a directory"),
            // The contents of the directory would be lost.
            Some(Kind::Directory | Kind::Opaque) if !is_directory => {
                Err("it occurs twice, with different types")
            }
            // It keeps hiding what it hid before.
            Some(Kind::Opaque) => Ok(()),
            // Otherwise the last entry counts, as in an archive that was appended to.
            _ => {
                self.kinds.insert(self.hash(plain), kind);
                Ok(())
            }
        }
    }

    /// Returns what a plain name refers to.
    pub(super) fn get(&self, plain: &[u8]) -> Option<Kind> {
        self.kinds.get(&self.hash(plain)).copied()
    }

    /// Records that this plain name, or only its contents, is hidden in the layers below.
    pub(super) fn hide(&mut self, plain: &[u8], contents_only: bool) {
        let kind = match self.get(plain) {
            Some(Kind::Directory) => Kind::Opaque,
            None if contents_only => Kind::Opaque,
            None => Kind::Removed,
            _ => return,
        };
        self.kinds.insert(self.hash(plain), kind);
    }

    fn hash(&self, plain: &[u8]) -> u64 {
        self.state.hash_one(plain)
    }
}

/// Checks that the target of a symbolic link stays inside the root.
///
/// Absolute targets do: guests resolve them from their own root.
pub(super) fn check_target(plain: &[u8], target: &[u8]) -> Result<(), &'static str> {
    if target.is_empty() || target.contains(&0) || target.len() > LONGEST {
        return Err("it is a symbolic link with an impossible target");
    }
    if target.starts_with(b"/") {
        return Ok(());
    }
    let mut depth = plain.iter().filter(|&&byte| byte == b'/').count();
    for part in target.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                depth = depth
                    .checked_sub(1)
                    .ok_or("it is a symbolic link that points outside")?;
            }
            _ => depth += 1,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_plain_or_are_refused() {
        for (name, expected) in [
            (&b"./usr//bin/./sh"[..], Ok(&b"usr/bin/sh"[..])),
            (b"./", Ok(b"")),
            (b"usr/", Ok(b"usr")),
            (b"..a/b..", Ok(b"..a/b..")),
            (b"/etc", Ok(b"etc")),
            (b"//", Ok(b"")),
            (b"/../etc", Err("its name leads upwards with `..`")),
            (b"a/../b", Err("its name leads upwards with `..`")),
            (b"a\0b", Err("its name holds a zero byte")),
        ] {
            assert_eq!(plain(name), expected.map(<[u8]>::to_vec), "{name:?}");
        }
        assert!(plain(&[b'a'; 256]).is_err());
        assert!(plain(&b"abc/".repeat(1100)).is_err());
    }

    #[test]
    fn of_two_entries_with_one_name_the_last_counts_unless_the_first_is_a_directory() {
        let mut names = Names::default();
        names.add(b"a", Kind::File).unwrap();
        names.add(b"a", Kind::Symlink).unwrap();
        assert_eq!(names.get(b"a"), Some(Kind::Symlink));
        names.add(b"a", Kind::Directory).unwrap();
        assert!(names.add(b"a", Kind::File).is_err());
        assert!(names.add(b"", Kind::Symlink).is_err());
    }

    #[test]
    fn what_is_hidden_stays_hidden() {
        let mut names = Names::default();
        names.hide(b"gone", false);
        names.hide(b"swept", true);
        names.add(b"there", Kind::Directory).unwrap();
        names.hide(b"there", false);
        for name in [&b"swept"[..], b"there"] {
            names.add(name, Kind::Directory).unwrap();
            assert_eq!(names.get(name), Some(Kind::Opaque));
        }
        assert_eq!(names.get(b"gone"), Some(Kind::Removed));
    }

    #[test]
    fn a_symbolic_link_may_lead_up_to_the_root_and_no_further() {
        assert!(check_target(b"a/b/c", b"../../x").is_ok());
        assert!(check_target(b"a/b/c", b"../../../x").is_err());
        assert!(check_target(b"a", b"x/../../y").is_err());
        assert!(check_target(b"etc/mtab", b"/proc/mounts").is_ok());
        assert!(check_target(b"a", b"").is_err());
    }
}
