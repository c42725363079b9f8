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
    match cure(error, |path| std::fs::read_to_string(path).ok()) {
        Some(cure) => failure.hint(cure),
        None => failure,
    }
}

/// What helps, by the kernel's settings.
fn cure(error: &io::Error, read: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let is = |path: &str, value: &str| read(path).is_some_and(|content| content.trim() == value);
    match error.raw_os_error() {
        Some(libc::ENOSPC) if is("/proc/sys/user/max_user_namespaces", "0") => {
            Some("sysctl -w user.max_user_namespaces=15000")
        }
        Some(libc::ENOSPC) => Some("too many namespaces: raise the limits in /proc/sys/user/"),
        _ if is(
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "1",
        ) =>
        {
            Some(
                "AppArmor forbids user namespaces to this program: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give vm-test a profile with `userns,`",
            )
        }
        _ if is("/proc/sys/kernel/unprivileged_userns_clone", "0") => {
            Some("sysctl -w kernel.unprivileged_userns_clone=1")
        }
        Some(libc::EPERM | libc::EACCES) => Some(
            "this process is in a container or a sandbox that forbids user namespaces: run it with --privileged, or with seccomp and AppArmor unconfined",
        ),
        _ => None,
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

    #[test]
    fn each_setting_that_forbids_namespaces_has_its_own_cure() {
        let users = ("/proc/sys/user/max_user_namespaces", "0\n");
        let apparmor = (
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "1\n",
        );
        let clone = ("/proc/sys/kernel/unprivileged_userns_clone", "0\n");
        for (code, setting, words) in [
            (
                libc::ENOSPC,
                Some(users),
                Some("sysctl -w user.max_user_namespaces=15000"),
            ),
            (libc::ENOSPC, None, Some("too many namespaces: ")),
            (
                libc::EACCES,
                Some(apparmor),
                Some(
                    "AppArmor forbids user namespaces to this program: sysctl -w kernel.apparmor_",
                ),
            ),
            (
                libc::EPERM,
                Some(clone),
                Some("sysctl -w kernel.unprivileged_userns_clone=1"),
            ),
            (
                libc::EPERM,
                None,
                Some("this process is in a container or a sandbox that forbids user namespaces"),
            ),
            (libc::EINVAL, None, None),
        ] {
            let error = io::Error::from_raw_os_error(code);
            let read = |path: &str| {
                let (_, value) = setting.filter(|(known, _)| *known == path)?;
                Some(value.to_owned())
            };
            let found = cure(&error, read);
            let fits = match words {
                Some(words) => found.is_some_and(|found| found.starts_with(words)),
                None => found.is_none(),
            };
            assert!(fits, "{code} {setting:?}: {found:?}");
        }
    }
}
