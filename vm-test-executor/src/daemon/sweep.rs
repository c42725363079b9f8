//! Removes what dead daemons left: sockets, locks, logs, control groups, loop devices, snapshots.
//! The kernel has already removed everything else.

use super::instance::{cgroup, delegation, loops};
use super::prepare::stores;
use super::regular;
use rustix::fs::FlockOperation;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;
use vm_test_runtime::client::RuntimeDir;

/// How long a daemon may take from making its log to taking its lock.
const START: Duration = Duration::from_secs(60);

/// What was found and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files of daemons.
    pub files: usize,
    /// Directories of control groups.
    pub groups: usize,
    /// Loop devices.
    pub loop_devices: usize,
    /// Snapshots of images.
    pub snapshots: usize,
}

/// Removes what dead daemons left. `own` is the identity of the calling daemon.
pub fn sweep(dir: &RuntimeDir, own: Option<&str>) -> Swept {
    let mut swept = Swept {
        // Delegated groups may be below the groups that limit them.
        groups: delegation::sweep() + cgroup::sweep(),
        ..Swept::default()
    };
    for identity in identities(dir.path()) {
        let socket = dir.socket(&identity);
        if Some(identity.as_str()) == own || is_starting(&socket) {
            continue;
        }
        // Holding the lock means that no daemon holds it, and that none can start meanwhile.
        let lock = socket.with_extension("lock");
        let had_lock = lock.exists();
        let mut options = File::options();
        let file = match regular::open(&lock, options.create(true).truncate(false).write(true)) {
            Ok(file) => file,
            Err(error) => {
                eprintln!("vm-test: cannot lock {}: {error}", lock.display());
                continue;
            }
        };
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let journal = socket.with_extension("journal");
            swept.loop_devices += loops::sweep(&journal);
            swept.snapshots += stores::sweep(&journal);
            for file in [socket.clone(), socket.with_extension("log")] {
                swept.files += usize::from(is_a_daemons(&file) && fs::remove_file(file).is_ok());
            }
            swept.files += usize::from(fs::remove_file(lock).is_ok() && had_lock);
        }
    }
    if own.is_none() {
        // Succeeds only if it is empty.
        let _ = fs::remove_dir(dir.path());
    }
    swept
}

/// Returns the identities of all daemons with files in the directory.
fn identities(dir: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let (identity, end) = name.to_str()?.split_once('.')?;
            let ours = matches!(end, "sock" | "lock" | "log") || end.starts_with("journal");
            ours.then(|| identity.to_owned())
        })
        .collect()
}

/// Returns whether a daemon has made the file; others are left to their user.
fn is_a_daemons(file: &Path) -> bool {
    fs::symlink_metadata(file).is_ok_and(|meta| meta.is_file() || meta.file_type().is_socket())
}

/// Returns whether there is only a new log, which is made first when a daemon starts.
fn is_starting(socket: &Path) -> bool {
    let age = fs::metadata(socket.with_extension("log"))
        .and_then(|meta| meta.modified())
        .map(|modified| modified.elapsed().unwrap_or_default());
    !socket.exists() && !socket.with_extension("lock").exists() && age.is_ok_and(|age| age < START)
}
