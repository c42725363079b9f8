//! What a login on a booted system sets up and a container lacks. The daemon inherits its limits
//! from the process that happened to start it; tests must not depend on them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

/// The soft limits of a login; `None` means unlimited. Only the host's root could raise the hard
/// limits.
const SOFT: [(Resource, Option<u64>); 9] = [
    (Resource::As, None),
    (Resource::Core, Some(0)),
    (Resource::Cpu, None),
    (Resource::Data, None),
    (Resource::Fsize, None),
    (Resource::Locks, None),
    (Resource::Nofile, Some(1024)),
    (Resource::Rss, None),
    (Resource::Stack, Some(8 << 20)),
];

/// Where system programs keep lock files.
const LOCKS: &str = "/run/lock";

/// Prepares the container.
pub(super) fn prepare() {
    for (resource, soft) in SOFT {
        let maximum = getrlimit(resource).maximum;
        let current = within(soft, maximum);
        let _ = setrlimit(resource, Rlimit { current, maximum });
    }
    // It exists already, unless no init has ever run in the image.
    let _ = symlink("../proc/self/mounts", "/etc/mtab");
    if fs::create_dir(LOCKS).is_ok() {
        let _ = fs::set_permissions(LOCKS, Permissions::from_mode(0o1777));
    }
}

/// Returns a soft limit that is no higher than the hard one.
fn within(soft: Option<u64>, hard: Option<u64>) -> Option<u64> {
    match (soft, hard) {
        (Some(soft), Some(hard)) => Some(soft.min(hard)),
        (soft, hard) => soft.or(hard),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soft_limit_is_a_logins_unless_the_hard_one_is_lower() {
        for (soft, hard, expected) in [
            (Some(1024), Some(4096), Some(1024)),
            (Some(1024), Some(100), Some(100)),
            (Some(1024), None, Some(1024)),
            (None, Some(100), Some(100)),
            (None, None, None),
        ] {
            assert_eq!(within(soft, hard), expected);
        }
    }
}
