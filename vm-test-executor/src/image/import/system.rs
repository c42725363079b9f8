//! Which parts of this host's root belong to an image of its system.
//!
//! Left out are the files of one particular host or user, and files that can be made again. Works
//! on paths; reads only the list of users.

use crate::host::mountinfo;
use crate::image::layer::cache;
use crate::image::store::{Store, disk_of};
use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The system's directories at the root; each may be a symbolic link or a file system of its own.
pub(super) const TOPS: [&str; 10] = [
    "bin", "etc", "lib", "lib32", "lib64", "libx32", "opt", "sbin", "usr", "var",
];

/// Directories below them that may be mounts, too; all other mounts are left out.
const PARTS: [&str; 3] = ["usr/local", "var/lib", "var/opt"];

/// Directories at the root that are created empty.
pub(super) const EMPTY: [&str; 11] = [
    "boot", "dev", "home", "media", "mnt", "proc", "root", "run", "srv", "sys", "tmp",
];

/// Directories of which only the subdirectories are taken.
///
/// Programs need those, and recreate the files in them.
const BARE: [&str; 3] = ["var/cache", "var/log", "var/lib/apt/lists"];

/// Directories that are left empty.
const CLEARED: [&str; 8] = [
    "var/backups",
    "var/crash",
    "var/home",
    "var/lib/systemd/coredump",
    "var/lock",
    "var/run",
    "var/spool/mail",
    "var/tmp",
];

/// Files that identify this host, or describe its disks.
const OWN: [&str; 5] = [
    "etc/crypttab",
    "etc/fstab",
    "etc/hostname",
    "etc/machine-id",
    "var/lib/dbus/machine-id",
];

/// The ids that distributions give to human users.
const HUMAN_IDS: std::ops::RangeInclusive<u32> = 1000..=59_999;

/// How much of a path is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// Everything.
    Whole,
    /// The directory and its subdirectories, without files.
    Directories,
    /// The directory, without its contents.
    Empty,
    /// Not even the directory.
    Nothing,
}

/// The system below a root directory.
#[derive(Debug)]
pub(super) struct System {
    pub(super) root: PathBuf,
    without: HashSet<PathBuf>,
    empty: HashSet<PathBuf>,
}

impl System {
    /// Returns this host's system without these paths and without the store.
    pub(super) fn of_host(without: &[PathBuf], store: &Store) -> Self {
        let mut system = Self::below(Path::new("/"), without);
        let mounts = mountinfo::mounts().into_iter().map(|mount| mount.target);
        system.clear(mounts.filter(|mount| !is_part(&relative(mount))));
        let home = std::env::var_os("HOME").map(PathBuf::from);
        system.clear(homes(&system.passwd()).into_iter().chain(home));
        let store = store.root().canonicalize();
        if let Ok(store) = store.as_deref() {
            system.clear([store.to_path_buf()]);
            // The file that the store may be mounted from.
            system.without.insert(relative(&disk_of(store)));
        }
        system
    }

    /// Returns the system below this directory, without these paths.
    pub(super) fn below(root: &Path, without: &[PathBuf]) -> Self {
        Self {
            root: root.to_path_buf(),
            without: without.iter().map(|path| relative(path)).collect(),
            empty: HashSet::new(),
        }
    }

    /// Leaves out the contents of these directories.
    fn clear(&mut self, directories: impl IntoIterator<Item = PathBuf>) {
        let names = directories.into_iter().map(|path| relative(&path));
        // A home at the top level, such as `/`, is one of the system's own directories.
        self.empty
            .extend(names.filter(|name| name.components().count() > 1));
    }

    /// Returns how much is taken of the file with this name, regardless of its parents.
    ///
    /// The name is relative to the root.
    pub(super) fn share(&self, name: &Path) -> Share {
        let is_in = |list: &[&str]| list.iter().any(|known| name == Path::new(known));
        if self.without.contains(name) || is_in(&OWN) {
            Share::Nothing
        } else if self.empty.contains(name) || is_in(&CLEARED) {
            Share::Empty
        } else if is_in(&BARE) {
            Share::Directories
        } else {
            Share::Whole
        }
    }

    /// Returns the list of users.
    pub(super) fn passwd(&self) -> String {
        let bytes = fs::read(self.root.join("etc/passwd")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Returns whether a file of this name marks its directory as a cache.
pub(super) fn is_tag(name: &std::ffi::OsStr) -> bool {
    name == cache::TAG
}

/// Returns whether a mount at this path belongs to the system.
fn is_part(name: &Path) -> bool {
    let is = |known: &&str| name == Path::new(known);
    name.as_os_str().is_empty() || TOPS.iter().any(&is) || PARTS.iter().any(is)
}

/// Makes a path relative to the root.
fn relative(path: &Path) -> PathBuf {
    let names = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_)));
    names.collect()
}

/// Returns the home directories of human users.
fn homes(passwd: &str) -> Vec<PathBuf> {
    let home = |line: &str| {
        let mut fields = line.split(':').skip(2);
        let id = fields.next()?.parse().ok()?;
        HUMAN_IDS
            .contains(&id)
            .then(|| fields.nth(2))?
            .map(PathBuf::from)
    };
    passwd.lines().filter_map(home).collect()
}

/// Returns a shadow file in which every password is locked, so that programs still find each user.
pub(super) fn locked(passwd: &str) -> String {
    let names = passwd.lines().filter_map(|line| line.split(':').next());
    let names = names.filter(|name| !name.is_empty());
    names.map(|name| format!("{name}:*:::::::\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/opt/ann:/bin/sh\n\
        nobody:x:65534:65534::/nonexistent:/bin/false\nbob:x:1001:1001::/home/bob:/bin/sh\n";

    #[test]
    fn what_one_machine_or_one_user_has_is_left_out() {
        let mut system = System::below(Path::new("/"), &["/opt/large".into()]);
        system.clear(homes(PASSWD));
        for (name, share) in [
            ("usr/bin/sh", Share::Whole),
            ("etc/machine-id", Share::Nothing),
            ("opt/large", Share::Nothing),
            ("opt/ann", Share::Empty),
            ("var/tmp", Share::Empty),
            ("var/log", Share::Directories),
            ("var/logs", Share::Whole),
        ] {
            assert_eq!(system.share(Path::new(name)), share, "{name}");
        }
    }

    #[test]
    fn the_systems_own_directories_are_nobodys_home() {
        let mut system = System::below(Path::new("/"), &[]);
        system.clear(["/", "/usr", "/var/lib/ci"].map(PathBuf::from));
        assert_eq!(system.share(Path::new("usr")), Share::Whole);
        assert_eq!(system.share(Path::new("var/lib/ci")), Share::Empty);
    }

    #[test]
    fn only_the_systems_own_file_systems_belong_to_it() {
        for (name, part) in [
            ("", true),
            ("usr", true),
            ("usr/local", true),
            ("usr/local/src", false),
            ("home", false),
            ("mnt/disk", false),
        ] {
            assert_eq!(is_part(Path::new(name)), part, "{name}");
        }
    }

    #[test]
    fn everybody_has_a_password_that_nobody_knows() {
        let shadow = locked(PASSWD);
        assert_eq!(shadow.lines().count(), 4);
        assert!(shadow.contains("ann:*:::::::\n"));
    }
}
