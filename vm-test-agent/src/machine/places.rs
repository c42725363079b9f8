//! The host's files in a VM: mounts read-only disks at the paths that the files have on the host,
//! with a writable overlay in memory, and brings what the guest's settings name to its path.

use super::disks::Disks;
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind, unmount};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use vm_test_protocol::machine::{Place, PlaceKind};
use vm_test_sys::copies;
use vm_test_sys::links::follow;

/// Where the payload disks are mounted.
const DISKS: &str = "/run/vm-test/disks";

/// Where writes go.
const WRITES: &str = "/run/vm-test/writes";

/// Makes the file system that [`mount_all`] needs and hides.
pub(super) fn make_room() -> io::Result<()> {
    fs::create_dir_all(DISKS)?;
    fs::create_dir_all(WRITES)?;
    let flags = MountFlags::NODEV | MountFlags::NOSUID;
    mount("vm-test", WRITES, "tmpfs", flags, c"mode=755,size=100%")
        .map_err(|error| cannot("make room for writes", &error.into()))
}

/// Mounts everything at its place.
pub(super) fn mount_all(places: &[Place], disks: &Disks) -> io::Result<()> {
    let mut mounted: BTreeMap<&str, PathBuf> = BTreeMap::new();
    for (number, place) in places.iter().enumerate() {
        let to = Path::new(&place.to);
        let cannot_bring = |error| cannot(&format!("bring {} in", place.to), &error);
        if place.kind == PlaceKind::Empty {
            fs::create_dir_all(to).map_err(cannot_bring)?;
            continue;
        }
        let disk = match mounted.get(place.disk.as_str()) {
            Some(disk) => disk,
            None => {
                let disk = mount_disk(&place.disk, disks)
                    .map_err(|error| cannot(&format!("mount the disk {}", place.disk), &error))?;
                mounted.entry(place.disk.as_str()).or_insert(disk)
            }
        };
        let from = disk.join(place.from.trim_start_matches('/'));
        let done = match place.kind {
            PlaceKind::Tree => lay_over(number, &from, to),
            PlaceKind::Copy => copies::copy(&from, to, &followed),
            PlaceKind::ReadOnly => {
                let to = followed(to);
                fs::create_dir_all(&to).and_then(|()| Ok(mount_bind(&from, &to)?))
            }
            PlaceKind::File | PlaceKind::Empty => bind(&from, to),
        };
        done.map_err(cannot_bring)?;
    }
    hide(mounted.values()).map_err(|error| cannot("hide what is below its files", &error))
}

/// Hides the disks and the writes: what is mounted from them stays, and tests cannot damage it
/// there.
fn hide<'a>(disks: impl Iterator<Item = &'a PathBuf>) -> io::Result<()> {
    for disk in disks {
        unmount(disk, UnmountFlags::DETACH)?;
    }
    unmount(WRITES, UnmountFlags::DETACH)?;
    fs::remove_dir_all(DISKS)?;
    fs::remove_dir(WRITES)
}

fn mount_disk(serial: &str, disks: &Disks) -> io::Result<PathBuf> {
    let device = disks.find(serial)?;
    let target = Path::new(DISKS).join(serial);
    fs::create_dir_all(&target)?;
    let flags = MountFlags::RDONLY | MountFlags::NODEV | MountFlags::NOSUID;
    mount(&device, &target, "ext4", flags, c"noload")?;
    Ok(target)
}

/// Returns where a path leads, even if nothing is there.
fn followed(path: &Path) -> PathBuf {
    let root = Path::new("/");
    root.join(follow(path, |path| fs::read_link(root.join(path)).ok()))
}

/// Mounts a directory with an overlay, so that it is writable.
fn lay_over(number: usize, from: &Path, to: &Path) -> io::Result<()> {
    let [upper, work] =
        ["upper", "work"].map(|dir| Path::new(WRITES).join(number.to_string()).join(dir));
    fs::create_dir_all(&upper)?;
    fs::create_dir_all(&work)?;
    // The root of an overlay takes the permissions of its upper directory.
    fs::set_permissions(&upper, fs::metadata(from)?.permissions())?;
    fs::create_dir_all(to)?;
    // Through links without special characters, which would separate options.
    let lower = Path::new(WRITES).join(number.to_string()).join("lower");
    symlink(from, &lower)?;
    // These options allow renaming directories of the host, and keep hard links when a file is
    // written to.
    let options = format!(
        "lowerdir={},upperdir={},workdir={},redirect_dir=on,index=on",
        lower.display(),
        upper.display(),
        work.display()
    );
    let options = std::ffi::CString::new(options)?;
    let flags = MountFlags::NODEV;
    mount("vm-test", to, "overlay", flags, options.as_c_str())?;
    Ok(())
}

/// Mounts a single program at the path that it has on the host.
fn bind(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    // A program that is running cannot be opened for writing.
    if let Err(error) = File::create_new(to)
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(error);
    }
    mount_bind(from, to)?;
    Ok(())
}

fn cannot(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what}: {error}"))
}
