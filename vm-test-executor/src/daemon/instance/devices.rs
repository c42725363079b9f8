//! Devices of guests: whether this host can provide them, and device files that belong to a guest's
//! root.
//!
//! An ordinary user's guest gets the host's own files, which the user may open. A real root's guest
//! has other ids, and the host's files would be closed to it; it gets new files of the same
//! devices.

use super::loops::LoopDevice;
use super::refusal::cannot;
use crate::config::Guest;
use crate::keeper::TUN;
use rustix::fs::{AtFlags, FileType, Gid, Mode, Uid, chownat, makedev, mknodat};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_sys::loop_device;

/// The device that is made for each guest separately.
const LOOP: &str = "loop";

/// The device through which QEMU uses hardware virtualisation.
const KVM: &str = "/dev/kvm";

/// The path of the loop device in the guest.
const LOOP_PATH: &str = "/dev/loop0";

/// The devices of one instance.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    /// Their paths in the guest.
    pub(crate) paths: Vec<PathBuf>,
    /// Those that only its keeper uses.
    of_keeper: Vec<PathBuf>,
    /// Removed when nothing can have it open any more.
    loop_device: Option<LoopDevice>,
}

impl Devices {
    /// Returns the devices that the guest asks for, if this host can provide them.
    pub(crate) fn of(
        guest: &Guest,
        as_root: bool,
        journal: &Path,
        number: u64,
    ) -> Result<Self, Failure> {
        let mut devices = Self::default();
        for name in &guest.devices {
            if name == LOOP {
                devices.loop_device = Some(loop_for(guest, as_root, journal, number)?);
                devices.paths.push(LOOP_PATH.into());
            } else {
                usable(guest, name)?;
                devices.paths.push(name.into());
            }
        }
        if guest.outside {
            usable(guest, TUN)?;
            devices.of_keeper.push(TUN.into());
        }
        Ok(devices)
    }

    /// Returns whether there are none, neither for the guest nor for its keeper.
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.of_keeper.is_empty()
    }

    /// Returns the devices that QEMU needs for hardware virtualisation.
    pub(crate) fn for_kvm() -> Self {
        Self {
            paths: vec![KVM.into()],
            ..Self::default()
        }
    }

    /// Returns a detached file system with a file of each device, owned by this user of the host.
    pub(super) fn file_system(&self, owner: u32) -> io::Result<OwnedFd> {
        let context = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
        fsconfig_create(&context)?;
        let tree = fsmount(
            &context,
            FsMountFlags::FSMOUNT_CLOEXEC,
            MountAttrFlags::empty(),
        )?;
        let only_of_keeper = self.of_keeper.iter().filter(|it| !self.paths.contains(it));
        for path in self.paths.iter().chain(only_of_keeper) {
            let Some(name) = path.file_name() else {
                continue;
            };
            let (kind, device) = match &self.loop_device {
                Some(device) if path == Path::new(LOOP_PATH) => (
                    FileType::BlockDevice,
                    makedev(loop_device::MAJOR, device.number()),
                ),
                _ => (FileType::CharacterDevice, path.metadata()?.rdev()),
            };
            mknodat(&tree, name, kind, Mode::from_raw_mode(0o600), device)?;
            let (user, group) = (Uid::from_raw(owner), Gid::from_raw(owner));
            chownat(&tree, name, Some(user), Some(group), AtFlags::empty())?;
        }
        Ok(tree)
    }
}

fn loop_for(
    guest: &Guest,
    as_root: bool,
    journal: &Path,
    number: u64,
) -> Result<LoopDevice, Failure> {
    if !as_root {
        let cause = "this host gives loop devices to root only, and this is an ordinary user";
        return Err(cannot(guest, cause)
            .hint("run the tests as root, or use backend = \"kvm\", where every user's guest has them")
            .missing());
    }
    LoopDevice::new(journal, number).map_err(|error| {
        cannot(
            guest,
            &format!("this host cannot give it a loop device: {error}"),
        )
        .hint("on the host: modprobe loop, and let root use /dev/loop-control; or use backend = \"kvm\"")
        .missing()
    })
}

fn usable(guest: &Guest, device: &str) -> Result<(), Failure> {
    if let Err(error) = File::options().read(true).write(true).open(device) {
        let module = device.rsplit('/').next().unwrap_or_default();
        let cause = format!("this host cannot give it the device {device}: {error}");
        return Err(cannot(guest, &cause)
            .hint(format!(
                "on the host: modprobe {module}, and let this user read and write {device}; or use backend = \"kvm\""
            ))
            .missing());
    }
    Ok(())
}
