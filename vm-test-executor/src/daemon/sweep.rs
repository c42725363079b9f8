//! What dead daemons left: sockets, locks, logs, control groups. Everything else of theirs the kernel has removed.

use super::{cgroup, loops};
use rustix::fs::FlockOperation;
use std::fs::{self, File};
use vm_test::client::RuntimeDir;

/// What was found and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files of daemons.
    pub files: usize,
    /// Directories of control groups.
    pub groups: usize,
    /// Loop devices.
    pub loop_devices: usize,
}

/// Removes what daemons left that are no more; `own` is the identity of the daemon that calls.
pub fn sweep(dir: &RuntimeDir, own: Option<&str>) -> Swept {
    let mut swept = Swept {
        groups: cgroup::sweep(),
        ..Swept::default()
    };
    for socket in dir.sockets() {
        let identity = socket.file_stem().and_then(|stem| stem.to_str());
        if identity.is_none() || identity == own {
            continue;
        }
        // Whoever gets the lock knows that no daemon holds it, and that none can start meanwhile.
        let lock = socket.with_extension("lock");
        let Ok(file) = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
        else {
            continue;
        };
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            swept.loop_devices += loops::sweep(&socket.with_extension("journal"));
            for end in ["sock", "log", "lock"] {
                swept.files += usize::from(fs::remove_file(socket.with_extension(end)).is_ok());
            }
        }
    }
    if own.is_none() {
        // Goes only when it is empty.
        let _ = fs::remove_dir(dir.path());
    }
    swept
}
