//! Why a host refuses namespaces to a user, or what they are for, and the cure. Reads settings of the kernel.

use std::io;
use vm_test::protocol::failure::Failure;

/// The failure to make the namespaces of a guest, with the cure for the usual causes.
#[must_use]
pub fn of_namespaces(error: &io::Error) -> Failure {
    with_cure(
        Failure::new(format!("cannot make the namespaces of a guest: {error}")),
        error,
    )
}

/// The failure to do in a guest's namespaces what they were made for. A host may let a user make them and deny everything
/// in them, as AppArmor does; other causes than a denial are none of the host's settings.
#[must_use]
pub fn in_namespaces(failure: Failure, error: &io::Error) -> Failure {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => with_cure(failure, error),
        _ => failure,
    }
}

fn with_cure(failure: Failure, error: &io::Error) -> Failure {
    let failure = failure.missing();
    let is = |path: &str, value: &str| {
        std::fs::read_to_string(path).is_ok_and(|content| content.trim() == value)
    };
    match error.raw_os_error() {
        Some(libc::ENOSPC) if is("/proc/sys/user/max_user_namespaces", "0") => {
            failure.hint("sysctl -w user.max_user_namespaces=15000")
        }
        Some(libc::ENOSPC) => {
            failure.hint("too many namespaces: raise the limits in /proc/sys/user/")
        }
        _ if is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") => failure.hint(
            "AppArmor forbids user namespaces to this program: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give vm-test a profile with `userns,`",
        ),
        _ if is("/proc/sys/kernel/unprivileged_userns_clone", "0") => {
            failure.hint("sysctl -w kernel.unprivileged_userns_clone=1")
        }
        Some(libc::EPERM | libc::EACCES) => failure.hint(
            "this process is in a container or a sandbox that forbids user namespaces: run it with --privileged, or with seccomp and AppArmor unconfined",
        ),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_denial_is_something_that_the_host_lacks() {
        let denied = |code| {
            let error = io::Error::from_raw_os_error(code);
            in_namespaces(Failure::new("cannot do it"), &error)
        };
        for code in [libc::EPERM, libc::EACCES] {
            assert!(
                denied(code).missing && denied(code).hint.is_some(),
                "{code}"
            );
        }
        assert_eq!(denied(libc::ENOENT), Failure::new("cannot do it"));
    }
}
