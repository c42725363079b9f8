//! An imported disk: finds the file system on it that is a root, and writes it to standard output
//! as a tar archive. Everything on the disk is untrusted, and so is the archive; the reader checks
//! it.

use super::partition::{PATH, Partition};
use super::{assembly, disks};
use rustix::mount::mount_bind;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use vm_test_protocol::machine::FOREIGN_DISK;

/// Files that identify a root file system.
const MARKS: [&str; 2] = ["etc/os-release", "usr/lib/os-release"];

/// Subvolumes of btrfs in which systems have their root.
const SUBVOLUMES: [&str; 4] = ["", "@", "@rootfs", "root"];

/// How the archive is written: everything that belongs to the root, always in the same order.
const PACK: [&str; 6] = [
    "--create",
    "--format=posix",
    "--sort=name",
    "--numeric-owner",
    "--xattrs",
    "--xattrs-include=*",
];

/// Writes the archive, or reports to standard error why it cannot.
pub(crate) fn main() -> ExitCode {
    let cause = match find_root() {
        Ok(root) => {
            let mut tar = Command::new("tar");
            tar.env("PATH", PATH).args(PACK).arg("--directory");
            let error = tar.arg(root).arg(".").exec();
            format!("the VM that opened it cannot start tar: {error}")
        }
        Err(cause) => cause,
    };
    eprintln!("{cause}");
    ExitCode::FAILURE
}

/// Returns the directory with the root; if kernels have their own partition, it is mounted there.
fn find_root() -> Result<PathBuf, String> {
    let devices =
        partitions().map_err(|error| format!("its partitions cannot be seen: {error}"))?;
    let partitions: Vec<_> = devices.into_iter().map(Partition::new).collect();
    let mut roots = Vec::new();
    for partition in partitions.iter().filter(|it| it.kind.is_some()) {
        let places = SUBVOLUMES.map(|name| partition.place.join(name));
        let root = places.into_iter().find(|place| is_root(place));
        roots.extend(root.map(|root| (partition, root)));
    }
    match roots.as_slice() {
        [(own, root)] => {
            assembly::assemble(root, &partitions)?;
            add_kernels(root, own, &partitions);
            Ok(root.clone())
        }
        [] => {
            let seen = partitions.iter();
            let seen: Vec<_> = seen
                .map(|it| format!("{}: {}", it.shown, it.content()))
                .collect();
            Err(format!(
                "no file system on it has /etc/os-release ({})",
                seen.join(", ")
            ))
        }
        several => {
            let names: Vec<_> = several.iter().map(|(own, _)| own.shown.as_str()).collect();
            Err(format!(
                "more than one file system on it has /etc/os-release: {}",
                names.join(", ")
            ))
        }
    }
}

/// Returns the partitions that the kernel has found, by number; for a disk without partitions, the
/// disk itself as number 0.
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

fn is_root(place: &Path) -> bool {
    // The file may be a link that can be followed only inside the root.
    let has = |name: &str| fs::symlink_metadata(place.join(name)).is_ok();
    MARKS.into_iter().any(has)
}

/// Mounts the partition with the kernels, if there is one, at its place in the root.
fn add_kernels(root: &Path, own: &Partition, partitions: &[Partition]) {
    let boot = root.join("boot");
    // A link would lead out of the root.
    let is_directory = fs::symlink_metadata(&boot).is_ok_and(|meta| meta.is_dir());
    if !is_directory || has_kernel(&boot) {
        return;
    }
    let mut others = partitions
        .iter()
        .filter(|it| it.kind.is_some() && it.number != own.number);
    let other = others.find(|partition| has_kernel(&partition.place));
    if let Some(partition) = other {
        // Without it, the archive has a root that cannot boot a VM, which most images are not
        // imported for.
        let _ = mount_bind(&partition.place, &boot);
    }
}

fn has_kernel(directory: &Path) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name());
    names.any(|name| name.to_string_lossy().starts_with("vmlinuz"))
}
