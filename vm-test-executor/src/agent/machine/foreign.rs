//! A disk from elsewhere: finds the file system on it that is a root, and has it written to standard output as a tar
//! archive. All that is on the disk is hostile, and so is what comes out; whoever reads that checks it.

use super::disks;
use rustix::mount::{MountFlags, mount, mount_bind};
use std::ffi::CStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use vm_test::protocol::machine::FOREIGN_DISK;

/// Where its file systems are mounted.
const PLACES: &str = "/run/vm-test/foreign";

/// The kinds of file systems, with the options that keep each from writing to a disk that was not closed.
const KINDS: [(&str, &CStr); 3] = [
    ("ext4", c"noload"),
    ("xfs", c"norecovery,nouuid"),
    ("btrfs", c""),
];

/// What tells a root from other file systems.
const MARKS: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];

/// Subvolumes of btrfs that systems have their root in.
const SUBVOLUMES: [&str; 4] = ["", "@", "@rootfs", "root"];

/// What may be on a partition without a file system, by what is there: an offset, the bytes, its name.
const CONTAINERS: [(usize, &[u8], &str); 3] = [
    (512, b"LABELONE", "LVM"),
    (0, b"LUKS\xba\xbe", "LUKS"),
    (4096, b"\xfc\x4e\x2b\xa9", "RAID"),
];

/// So much of a partition is looked at.
const HEAD: u64 = 8192;

/// How the archive is written: all that belongs to the root, in an order that is always the same.
const PACK: [&str; 6] = [
    "--create",
    "--format=posix",
    "--sort=name",
    "--numeric-owner",
    "--xattrs",
    "--xattrs-include=*",
];

/// Where tar is.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Writes the archive, or says why not on standard error.
pub(in crate::agent) fn main() -> ExitCode {
    let cause = match find_root() {
        Ok(root) => {
            let mut tar = Command::new("tar");
            tar.env("PATH", PATH).args(PACK).arg("--directory");
            let error = tar.arg(root).arg(".").exec();
            format!("the machine that opened it cannot start tar: {error}")
        }
        Err(cause) => cause,
    };
    eprintln!("{cause}");
    ExitCode::FAILURE
}

/// A partition that could be mounted.
struct Mounted {
    device: String,
    place: PathBuf,
}

/// The directory with the root; where kernels have a partition of their own, that is mounted in it.
fn find_root() -> Result<PathBuf, String> {
    let devices =
        partitions().map_err(|error| format!("its partitions cannot be seen: {error}"))?;
    let mut mounted = Vec::new();
    let mut seen = Vec::new();
    for (number, device) in devices {
        let shown = match number {
            0 => "the whole disk".to_owned(),
            number => format!("partition {number}"),
        };
        match mount_device(&device) {
            Some((kind, place)) => {
                seen.push(format!("{shown}: {kind}"));
                mounted.push(Mounted {
                    device: shown,
                    place,
                });
            }
            None => seen.push(format!("{shown}: {}", container(&device))),
        }
    }
    let mut roots = Vec::new();
    for partition in &mounted {
        let places = SUBVOLUMES.map(|name| partition.place.join(name));
        let root = places.into_iter().find(|place| is_root(place));
        roots.extend(root.map(|root| (partition, root)));
    }
    match roots.as_slice() {
        [(own, root)] => {
            add_kernels(root, own, &mounted);
            Ok(root.clone())
        }
        [] => Err(format!(
            "no file system on it has /etc/os-release ({})",
            seen.join(", ")
        )),
        several => {
            let names: Vec<_> = several.iter().map(|(own, _)| own.device.as_str()).collect();
            Err(format!(
                "more than one file system on it has /etc/os-release: {}",
                names.join(", ")
            ))
        }
    }
}

/// The partitions that the kernel has found, by number; of a disk without any, the disk itself as number 0.
fn partitions() -> io::Result<Vec<(u32, String)>> {
    let disk = disks::find(FOREIGN_DISK)?;
    let name = disk.file_name().unwrap_or_default().to_string_lossy();
    let mut found = Vec::new();
    for entry in fs::read_dir(Path::new("/sys/block").join(&*name))? {
        let entry = entry?;
        if let Ok(number) = fs::read_to_string(entry.path().join("partition")) {
            let number = number.trim().parse().map_err(io::Error::other)?;
            found.push((number, entry.file_name().to_string_lossy().into_owned()));
        }
    }
    found.sort();
    if found.is_empty() {
        found.push((0, name.into_owned()));
    }
    Ok(found)
}

fn mount_device(device: &str) -> Option<(&'static str, PathBuf)> {
    let place = Path::new(PLACES).join(device);
    fs::create_dir_all(&place).ok()?;
    let flags = MountFlags::RDONLY | MountFlags::NODEV | MountFlags::NOSUID | MountFlags::NOEXEC;
    let path = Path::new("/dev").join(device);
    let (kind, _) = KINDS
        .iter()
        .find(|(kind, options)| mount(&path, &place, *kind, flags, *options).is_ok())?;
    Some((kind, place))
}

/// What is on a partition that cannot be mounted, for people.
fn container(device: &str) -> &'static str {
    let mut head = Vec::new();
    let read = File::open(Path::new("/dev").join(device))
        .and_then(|file| file.take(HEAD).read_to_end(&mut head));
    let begins = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|it| it.starts_with(magic));
    let found = CONTAINERS.iter().find(|(at, magic, _)| begins(*at, magic));
    match (read, found) {
        (Err(_), _) => "unreadable",
        (Ok(_), Some((_, _, name))) => name,
        (Ok(_), None) => "no known file system",
    }
}

fn is_root(place: &Path) -> bool {
    // The file may be a link that only the root itself can follow.
    let has = |name: &str| fs::symlink_metadata(place.join(name)).is_ok();
    MARKS.into_iter().any(has)
}

/// Mounts the partition with the kernels, if they have one of their own, where the root has them.
fn add_kernels(root: &Path, own: &Mounted, mounted: &[Mounted]) {
    let boot = root.join("boot");
    // A link would lead out of the root.
    let is_directory = fs::symlink_metadata(&boot).is_ok_and(|meta| meta.is_dir());
    if !is_directory || has_kernel(&boot) {
        return;
    }
    let other = mounted
        .iter()
        .find(|partition| partition.device != own.device && has_kernel(&partition.place));
    if let Some(partition) = other {
        // Without, the archive has a root that boots no machine, which is what most are imported for.
        let _ = mount_bind(&partition.place, &boot);
    }
}

fn has_kernel(directory: &Path) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name());
    names.any(|name| name.to_string_lossy().starts_with("vmlinuz"))
}
