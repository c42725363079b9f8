//! What a login gives to its processes: a session with a keyring, the login's name, limits, and a
//! control group below the root's. The agent sets this up for its jobs.

use rustix::process::{Resource, Rlimit, setrlimit, setsid};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use vm_test_sys::keyring;

/// Limits that systemd raises before a login: soft and hard.
const LIMITS: [(Resource, u64, u64); 2] = [
    (Resource::Nofile, 1024, 1 << 20),
    (Resource::Memlock, 64 << 20, 64 << 20),
];

/// Where control groups are mounted.
const GROUPS: &str = "/sys/fs/cgroup";

/// The control group of jobs; the root group lacks most files of a control group.
const GROUP: &str = "vm-test.scope";

/// The controllers that systemd enables in all groups.
const CONTROLLERS: [&str; 3] = ["+cpu", "+memory", "+pids"];

/// Begins the session. Beside an init the agent has one already.
pub(super) fn begin() {
    let _ = setsid();
    let _ = keyring::begin_session();
    // Root logs in, and the kernel numbers the session.
    let _ = fs::write("/proc/self/loginuid", "0");
    for (resource, soft, hard) in LIMITS {
        let limit = Rlimit {
            current: Some(soft),
            maximum: Some(hard),
        };
        let _ = setrlimit(resource, limit);
    }
    // It exists already, unless no init has ever run in the image.
    let _ = symlink("../proc/self/mounts", "/etc/mtab");
}

/// Enters the control group of jobs. A kernel without control groups is left to the tests that need
/// them.
pub(super) fn enter_control_group() {
    let _ = try_to_enter();
}

fn try_to_enter() -> io::Result<()> {
    let groups = Path::new(GROUPS);
    for controller in CONTROLLERS {
        let _ = fs::write(groups.join("cgroup.subtree_control"), controller);
    }
    let own = groups.join(GROUP);
    fs::create_dir(&own)?;
    fs::write(own.join("cgroup.procs"), "0")
}
