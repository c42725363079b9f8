//! Which parts of this host's root belong to an image of its system: not those of one particular host or user, and not those
//! that can be made again. Knows paths; reads nothing but the list of users.

use crate::image::layer::cache;
use crate::image::store::{Store, disk_of};
use crate::rootfs;
use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The directories of a system, at the root, or links to them. Each may be a file system of its own.
pub(super) const TOPS: [&str; 10] = [
    "bin", "etc", "lib", "lib32", "lib64", "libx32", "opt", "sbin", "usr", "var",
];

/// Directories below them that may be file systems of their own, too. All other mounts are left out.
const PARTS: [&str; 3] = ["usr/local", "var/lib", "var/opt"];

/// Directories at the root that are there and empty.
pub(super) const EMPTY: [&str; 11] = [
    "boot", "dev", "home", "media", "mnt", "proc", "root", "run", "srv", "sys", "tmp",
];

/// Directories below which there are directories only: programs want them, and what is in them they make again.
const BARE: [&str; 3] = ["var/cache", "var/log", "var/lib/apt/lists"];

/// Directories with nothing in them.
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

/// What makes this machine itself, or is about its disks.
const OWN: [&str; 5] = [
    "etc/crypttab",
    "etc/fstab",
    "etc/hostname",
    "etc/machine-id",
    "var/lib/dbus/machine-id",
];

/// The ids of people, as distributions give them.
const PEOPLE: std::ops::RangeInclusive<u32> = 1000..=59_999;

/// How much of a path is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// All.
    Whole,
    /// The directory, and directories below it.
    Directories,
    /// The directory with nothing in it.
    Empty,
    /// It is not there.
    Nothing,
}

/// The system below a root.
#[derive(Debug)]
pub(super) struct System {
    pub(super) root: PathBuf,
    without: HashSet<PathBuf>,
    empty: HashSet<PathBuf>,
}

impl System {
    /// This host's, without these paths, and without the store.
    pub(super) fn of_host(without: &[PathBuf], store: &Store) -> Self {
        let mut system = Self::below(Path::new("/"), without);
        let mounts = rootfs::mounts().into_iter().map(|mount| mount.target);
        system.clear(mounts.filter(|mount| !is_part(&relative(mount))));
        let home = std::env::var_os("HOME").map(PathBuf::from);
        system.clear(homes(&system.passwd()).into_iter().chain(home));
        let store = store.root().canonicalize();
        if let Ok(store) = store.as_deref() {
            system.clear([store.to_path_buf()]);
            // The file that it may be in.
            system.without.insert(relative(&disk_of(store)));
        }
        system
    }

    /// The one below this directory.
    pub(super) fn below(root: &Path, without: &[PathBuf]) -> Self {
        Self {
            root: root.to_path_buf(),
            without: without.iter().map(|path| relative(path)).collect(),
            empty: HashSet::new(),
        }
    }

    /// Leaves out what is in these directories.
    fn clear(&mut self, directories: impl IntoIterator<Item = PathBuf>) {
        let names = directories.into_iter().map(|path| relative(&path));
        // Nobody's home is one of the system's own directories.
        self.empty
            .extend(names.filter(|name| name.components().count() > 1));
    }

    /// How much is taken of the file of this name, which is relative to the root, by itself.
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

    /// The list of users.
    pub(super) fn passwd(&self) -> String {
        let bytes = fs::read(self.root.join("etc/passwd")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Whether a directory with a file of this name holds nothing but what can be made again.
pub(super) fn is_tag(name: &std::ffi::OsStr) -> bool {
    name == cache::TAG
}

/// Whether something mounted there belongs to the system.
fn is_part(name: &Path) -> bool {
    let is = |known: &&str| name == Path::new(known);
    name.as_os_str().is_empty() || TOPS.iter().any(&is) || PARTS.iter().any(is)
}

/// A path of the host as a name below its root.
fn relative(path: &Path) -> PathBuf {
    let names = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_)));
    names.collect()
}

/// The homes of people.
fn homes(passwd: &str) -> Vec<PathBuf> {
    let home = |line: &str| {
        let mut fields = line.split(':').skip(2);
        let id = fields.next()?.parse().ok()?;
        PEOPLE
            .contains(&id)
            .then(|| fields.nth(2))?
            .map(PathBuf::from)
    };
    passwd.lines().filter_map(home).collect()
}

/// A list of passwords in which nobody has one, so that programs that look there find whom they look for.
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
