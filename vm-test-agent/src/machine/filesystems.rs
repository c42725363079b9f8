//! The file systems that a booted system has besides its root, mounted as its init mounts them.

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use std::ffi::CString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file system of the kernel.
#[derive(Debug)]
pub(super) struct FileSystem {
    kind: &'static str,
    source: &'static str,
    pub(super) place: &'static str,
    flags: MountFlags,
    options: &'static str,
}

const fn system(
    [kind, source, place, options]: [&'static str; 4],
    flags: MountFlags,
) -> FileSystem {
    FileSystem {
        kind,
        source,
        place,
        flags,
        options,
    }
}

const NO_SUID: MountFlags = MountFlags::NOSUID;
const NO_DEVICES: MountFlags = NO_SUID.union(MountFlags::NODEV);
const NO_PROGRAMS: MountFlags = NO_DEVICES.union(MountFlags::NOEXEC);
const NO_PROGRAMS_BUT_DEVICES: MountFlags = NO_SUID.union(MountFlags::NOEXEC);

/// Those through which drivers and disks are found.
pub(super) const FIRST: [FileSystem; 3] = [
    system(["devtmpfs", "devtmpfs", "/dev", "mode=755"], NO_SUID),
    system(["proc", "proc", "/proc", ""], NO_PROGRAMS),
    system(["sysfs", "sysfs", "/sys", ""], NO_PROGRAMS),
];

/// Those that are always required. The agent is executed in `/run`.
pub(super) const SECOND: [FileSystem; 6] = [
    system(["tmpfs", "tmpfs", "/run", "mode=755"], NO_DEVICES),
    system(["tmpfs", "tmpfs", "/tmp", "mode=1777"], NO_SUID),
    system(
        [
            "devpts",
            "devpts",
            "/dev/pts",
            "mode=620,ptmxmode=666,gid=5",
        ],
        NO_PROGRAMS_BUT_DEVICES,
    ),
    system(["tmpfs", "tmpfs", "/dev/shm", "mode=1777"], NO_DEVICES),
    system(["mqueue", "mqueue", "/dev/mqueue", ""], NO_PROGRAMS),
    system(
        [
            "cgroup2",
            "cgroup2",
            "/sys/fs/cgroup",
            "nsdelegate,memory_recursiveprot",
        ],
        NO_PROGRAMS,
    ),
];

/// Those that the kernel may lack, with their usual mount points.
const OPTIONAL: [FileSystem; 10] = [
    system(
        ["securityfs", "securityfs", "/sys/kernel/security", ""],
        NO_PROGRAMS,
    ),
    system(["debugfs", "debugfs", "/sys/kernel/debug", ""], NO_PROGRAMS),
    system(
        ["tracefs", "tracefs", "/sys/kernel/tracing", ""],
        NO_PROGRAMS,
    ),
    system(
        ["configfs", "configfs", "/sys/kernel/config", ""],
        NO_PROGRAMS,
    ),
    system(
        ["fusectl", "fusectl", "/sys/fs/fuse/connections", ""],
        NO_PROGRAMS,
    ),
    system(["pstore", "pstore", "/sys/fs/pstore", ""], NO_PROGRAMS),
    system(["bpf", "bpf", "/sys/fs/bpf", "mode=700"], NO_PROGRAMS),
    system(
        ["binfmt_misc", "binfmt_misc", "/proc/sys/fs/binfmt_misc", ""],
        NO_PROGRAMS,
    ),
    system(
        ["hugetlbfs", "hugetlbfs", "/dev/hugepages", "pagesize=2M"],
        MountFlags::empty(),
    ),
    system(
        ["tmpfs", "tmpfs", "/run/lock", "mode=1777,size=5M"],
        NO_PROGRAMS,
    ),
];

/// Mount points of them that nothing else makes.
const OWN_PLACES: [&str; 2] = ["/dev/hugepages", "/run/lock"];

impl FileSystem {
    /// Returns its mount point below another root.
    pub(super) fn below(&self, root: &Path) -> PathBuf {
        root.join(self.place.trim_start_matches('/'))
    }

    /// Mounts it there.
    pub(super) fn mount_below(&self, root: &Path) -> io::Result<()> {
        let target = self.below(root);
        fs::create_dir_all(&target)?;
        let mounted = match self.mount(&target, self.options) {
            // An older kernel does not know all mount options of control groups.
            Err(_) if self.kind == "cgroup2" => self.mount(&target, ""),
            mounted => mounted,
        };
        mounted.map_err(|error| {
            let words = format!(
                "cannot mount {} at {}: {error}",
                self.kind,
                target.display()
            );
            io::Error::new(error.kind(), words)
        })
    }

    fn mount(&self, target: &Path, options: &str) -> io::Result<()> {
        let options = CString::new(options)?;
        mount(
            self.source,
            target,
            self.kind,
            self.flags,
            options.as_c_str(),
        )?;
        Ok(())
    }
}

/// Mounts the optional ones that the kernel has, and makes mounts propagate to other mount
/// namespaces, as an init does.
pub(super) fn mount_rest() {
    for system in &OPTIONAL {
        let place = Path::new(system.place);
        if OWN_PLACES.contains(&system.place) {
            let _ = fs::create_dir_all(place);
        }
        if place.is_dir() {
            let _ = system.mount(place, system.options);
        }
    }
    let _ = mount_change(
        "/",
        MountPropagationFlags::SHARED | MountPropagationFlags::REC,
    );
}
