//! The names in an archive, entry by entry: which of them are safe, given those before. Knows no file system.
//!
//! The rules are stricter than what extraction needs: what an honest archive of a directory never holds is refused,
//! because then nothing depends on how some program resolves it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// The longest path, and the longest target of a link, that the kernel takes.
const LONGEST: usize = 4095;

/// The longest part of a path.
const LONGEST_PART: usize = 255;

/// What a name was given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    Symlink,
    Other,
    /// Left out of the image, so nothing can link to it.
    Omitted,
}

/// The names so far. Only their hashes are kept, under a key that no archive can know, so that two million names
/// take tens of megabytes, however long they are.
#[derive(Debug, Default)]
pub(super) struct Names {
    state: RandomState,
    kinds: HashMap<u64, Kind>,
}

/// A name without `.` and empty parts: relative, with nothing that leads upwards; the root itself is empty.
pub(super) fn plain(name: &[u8]) -> Result<Vec<u8>, &'static str> {
    if name.starts_with(b"/") {
        return Err("its name is absolute");
    }
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

/// The directory that holds a plain name, and the last part.
pub(super) fn split(plain: &[u8]) -> (&[u8], &[u8]) {
    match plain.iter().rposition(|&byte| byte == b'/') {
        Some(at) => (&plain[..at], &plain[at + 1..]),
        None => (b"", plain),
    }
}

impl Names {
    /// Notes an entry, if it may be there.
    pub(super) fn add(&mut self, plain: &[u8], kind: Kind) -> Result<(), &'static str> {
        if plain.is_empty() {
            return match kind {
                Kind::Directory => Ok(()),
                _ => Err("the root is not a directory"),
            };
        }
        self.enter(split(plain).0)?;
        let old = self.kinds.insert(self.hash(plain), kind);
        if old.is_some_and(|old| old != kind) {
            return Err("it is there twice, as different things");
        }
        Ok(())
    }

    /// Makes sure that a plain name is a directory, if need be one that the archive only implies.
    pub(super) fn enter(&mut self, plain: &[u8]) -> Result<(), &'static str> {
        // From the innermost outwards, up to one that is known: what is known to be a directory lies in directories.
        let mut rest = plain;
        while !rest.is_empty() {
            let hash = self.hash(rest);
            match self.kinds.get(&hash) {
                Some(Kind::Directory) => return Ok(()),
                Some(Kind::Symlink) => {
                    return Err("it lies below a symbolic link of the archive's");
                }
                Some(_) => return Err("it lies below what is not a directory"),
                None => {
                    self.kinds.insert(hash, Kind::Directory);
                    rest = split(rest).0;
                }
            }
        }
        Ok(())
    }

    /// What a hard link's target is; the link becomes the same.
    pub(super) fn linked(&self, target: &[u8]) -> Result<Kind, &'static str> {
        let plain = plain(target).map_err(|_| "it is a hard link that points outside")?;
        match self.kinds.get(&self.hash(&plain)) {
            Some(Kind::Directory) => Err("it is a hard link to a directory"),
            Some(&kind) => Ok(kind),
            None => Err("it is a hard link to what the archive does not hold before it"),
        }
    }

    fn hash(&self, plain: &[u8]) -> u64 {
        self.state.hash_one(plain)
    }
}

/// Whether the target of a symbolic link stays inside. An absolute one does: guests resolve it from their own root.
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
            (b"/etc", Err("its name is absolute")),
            (b"a/../b", Err("its name leads upwards with `..`")),
            (b"a\0b", Err("its name holds a zero byte")),
        ] {
            assert_eq!(plain(name), expected.map(<[u8]>::to_vec), "{name:?}");
        }
        assert!(plain(&[b'a'; 256]).is_err());
        assert!(plain(&b"abc/".repeat(1100)).is_err());
    }

    #[test]
    fn nothing_lies_below_a_link_or_a_file() {
        let mut names = Names::default();
        names.add(b"lib", Kind::Symlink).unwrap();
        names.add(b"etc/passwd", Kind::File).unwrap();
        assert!(names.add(b"lib/x", Kind::File).is_err());
        assert!(names.add(b"lib/x/y", Kind::File).is_err());
        assert!(names.add(b"etc/passwd/x", Kind::File).is_err());
        assert!(names.add(b"etc", Kind::Symlink).is_err());
        assert!(names.add(b"", Kind::Symlink).is_err());
    }

    #[test]
    fn a_hard_link_needs_what_came_before_it() {
        let mut names = Names::default();
        names.add(b"bin/a", Kind::File).unwrap();
        assert_eq!(names.linked(b"./bin/a"), Ok(Kind::File));
        for target in [&b"bin"[..], b"bin/b", b"/etc/shadow", b"../bin/a"] {
            assert!(names.linked(target).is_err(), "{target:?}");
        }
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
