//! A partition of an imported disk: mounted read-only if its file system is supported, otherwise
//! only named.

use rustix::mount::{MountFlags, mount};
use std::ffi::CStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Where its file systems are mounted.
const PLACES: &str = "/run/vm-test/foreign";

/// The types of file systems, with the options that prevent writes to a disk that was not unmounted
/// cleanly.
const KINDS: [(&str, &CStr); 3] = [
    ("ext4", c"noload"),
    ("xfs", c"norecovery,nouuid"),
    ("btrfs", c""),
];

/// What a partition without a file system may contain, recognised by bytes at an offset; with its
/// name.
const CONTAINERS: [(usize, &[u8], &str); 3] = [
    (512, b"LABELONE", "LVM"),
    (0, b"LUKS\xba\xbe", "LUKS"),
    (4096, b"\xfc\x4e\x2b\xa9", "RAID"),
];

/// How many bytes of a partition are examined.
const HEAD: u64 = 8192;

/// Where programs are.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The flags with which its file systems are mounted.
pub(super) const FLAGS: MountFlags = MountFlags::RDONLY
    .union(MountFlags::NODEV)
    .union(MountFlags::NOSUID)
    .union(MountFlags::NOEXEC);

/// A partition, or the whole disk.
pub(super) struct Partition {
    /// Its number; 0 for a whole disk.
    pub(super) number: u32,
    name: String,
    /// Its name for people.
    pub(super) shown: String,
    /// The type of its file system, if it could be mounted.
    pub(super) kind: Option<&'static str>,
    /// Where it is mounted.
    pub(super) place: PathBuf,
}

impl Partition {
    /// Returns the partition with this number and name, mounted if possible.
    pub(super) fn new((number, name): (u32, String)) -> Self {
        let place = Path::new(PLACES).join(&name);
        Self {
            number,
            shown: match number {
                0 => "the whole disk".to_owned(),
                number => format!("partition {number}"),
            },
            kind: mount_device(&name, &place),
            name,
            place,
        }
    }

    /// Returns the path of the device.
    pub(super) fn device(&self) -> PathBuf {
        Path::new("/dev").join(&self.name)
    }

    /// Returns what it contains, for people.
    pub(super) fn content(&self) -> &'static str {
        self.kind.unwrap_or_else(|| container(&self.device()))
    }
}

fn mount_device(name: &str, place: &Path) -> Option<&'static str> {
    fs::create_dir_all(place).ok()?;
    let path = Path::new("/dev").join(name);
    let (kind, _) = KINDS
        .iter()
        .find(|(kind, options)| mount(&path, place, *kind, FLAGS, *options).is_ok())?;
    Some(kind)
}

/// Returns what a partition that cannot be mounted contains, for people.
fn container(device: &Path) -> &'static str {
    let mut head = Vec::new();
    let read = File::open(device).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    let begins = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|it| it.starts_with(magic));
    let found = CONTAINERS.iter().find(|(at, magic, _)| begins(*at, magic));
    match (read, found) {
        (Err(_), _) => "unreadable",
        (Ok(_), Some((_, _, name))) => name,
        (Ok(_), None) => "no known file system",
    }
}
