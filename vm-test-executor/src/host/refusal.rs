//! Why a host refuses namespaces to a user, and the cure. Reads settings of the kernel.

use std::io;
use vm_test::protocol::failure::Failure;

/// The failure to make the namespaces of a guest, with the cure for the usual causes.
#[must_use]
pub fn of_namespaces(error: &io::Error) -> Failure {
    let failure = Failure::new(format!("cannot make the namespaces of a guest: {error}")).missing();
    let read = |path: &str| {
        std::fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    if read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1" {
        return failure.hint(
            "AppArmor forbids user namespaces to this program: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give vm-test a profile with `userns,`",
        );
    }
    if read("/proc/sys/kernel/unprivileged_userns_clone") == "0" {
        return failure.hint("sysctl -w kernel.unprivileged_userns_clone=1");
    }
    if read("/proc/sys/user/max_user_namespaces") == "0" {
        return failure.hint("sysctl -w user.max_user_namespaces=15000");
    }
    match error.raw_os_error() {
        Some(libc::EPERM) => failure.hint(
            "this process is in a container or a sandbox that forbids user namespaces: run it with --privileged, or with seccomp and AppArmor unconfined",
        ),
        Some(libc::ENOSPC) => failure.hint("too many namespaces: raise the limits in /proc/sys/user/"),
        _ => failure,
    }
}
