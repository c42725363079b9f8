//! Why a host refuses namespaces and mounts to a user, and the hint. Reads kernel settings.

use std::io;
use vm_test_protocol::errno::{self, Tried};
use vm_test_protocol::failure::Failure;

/// Returns the failure to start a process in the namespaces of a guest, with a hint.
#[must_use]
pub fn of_namespaces(error: &io::Error) -> Failure {
    let what = if is_shortage(error) {
        "cannot start a process for a guest"
    } else {
        "cannot make the namespaces of a guest"
    };
    let failure = Failure::new(format!("{what}: {error}"));
    finished(failure, error, of_process(error, &read))
}

/// Completes the failure of an operation in a guest's namespaces.
///
/// A host may let a user make namespaces and deny everything in them, as AppArmor does. Causes
/// other than a denial are not due to the host's settings.
#[must_use]
pub fn in_namespaces(failure: Failure, error: &io::Error) -> Failure {
    let cure = match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES | libc::EAGAIN) => of_process(error, &read),
        _ => of_mount(error),
    };
    finished(failure, error, cure)
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// Returns the failure with its remedy.
///
/// A temporary shortage is not a lack of the host: tests must not be skipped for it.
fn finished(failure: Failure, error: &io::Error, cure: Option<Cure>) -> Failure {
    let denied = matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES));
    match cure {
        Some(Cure { words, missing }) => {
            let failure = failure.hint(words);
            if missing { failure.missing() } else { failure }
        }
        None if denied => failure.missing(),
        None => failure,
    }
}

/// Returns whether the error is a shortage that has nothing to do with namespaces.
fn is_shortage(error: &io::Error) -> bool {
    use libc::{EAGAIN, EMFILE, ENFILE, ENOMEM};
    matches!(
        error.raw_os_error(),
        Some(EMFILE | ENFILE | EAGAIN | ENOMEM)
    )
}

/// A remedy.
#[derive(Debug, PartialEq, Eq)]
struct Cure {
    words: String,
    /// Whether the host lacks something, so that no guest can start here.
    missing: bool,
}

impl Cure {
    fn lacking(words: impl Into<String>) -> Option<Self> {
        Some(Self {
            words: words.into(),
            missing: true,
        })
    }

    fn passing(words: impl Into<String>) -> Option<Self> {
        Some(Self {
            words: words.into(),
            missing: false,
        })
    }
}

/// The kinds of namespaces that a guest has, by their names in `/proc/sys/user`.
const KINDS: [&str; 6] = ["user", "mnt", "pid", "net", "ipc", "uts"];

/// Returns the remedy for a failure to start a process in new namespaces, according to the kernel's
/// settings.
fn of_process(error: &io::Error, read: &impl Fn(&str) -> Option<String>) -> Option<Cure> {
    let is = |path: &str, value: &str| read(path).is_some_and(|content| content.trim() == value);
    match error.raw_os_error()? {
        libc::ENOSPC => {
            let forbidden = KINDS
                .iter()
                .find(|kind| is(&format!("/proc/sys/user/max_{kind}_namespaces"), "0"));
            match forbidden {
                Some(kind) => Cure::lacking(format!("sysctl -w user.max_{kind}_namespaces=15000")),
                None => Cure::passing(
                    "the host's limit on namespaces is reached: raise the limits in /proc/sys/user/, or run fewer tests at a time",
                ),
            }
        }
        libc::EUSERS => Cure::lacking(
            "user namespaces are nested too deep here: run it inside fewer levels of nested containers",
        ),
        libc::EINVAL => Cure::lacking(
            "this kernel was built without some of them: it needs CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS, CONFIG_IPC_NS and CONFIG_UTS_NS",
        ),
        libc::ENOSYS => Cure::lacking(
            "the system call clone3 is missing: use Linux 5.12 or newer; in a container let its seccomp filter allow the call (a newer engine, or --security-opt seccomp=unconfined)",
        ),
        libc::EPERM | libc::EACCES => Cure::lacking(
            if is(
                "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
                "1",
            ) {
                "AppArmor forbids user namespaces to this program: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give vm-test a profile with `userns,`"
            } else if is("/proc/sys/kernel/unprivileged_userns_clone", "0") {
                "sysctl -w kernel.unprivileged_userns_clone=1"
            } else {
                "this process is in a container, a chroot or a sandbox that forbids user namespaces: run it outside, with --privileged, or with seccomp and AppArmor unconfined"
            },
        ),
        _ => Cure::passing(errno::cure(Tried::Process, error)?),
    }
}

/// Returns the remedy for a failure to mount something in a guest's namespaces.
fn of_mount(error: &io::Error) -> Option<Cure> {
    match error.raw_os_error()? {
        libc::ENODEV => Cure::lacking(
            "this kernel does not have the file system: load it as root, as in modprobe overlay",
        ),
        libc::ENOSPC => Cure::passing(
            "the host's limit on mounts is reached, or there is no room for their files: raise the limit with sysctl fs.mount-max, or give the guest more memory",
        ),
        _ => Cure::passing(errno::cure(Tried::File, error)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_is_something_that_the_host_lacks_and_a_shortage_is_not() {
        let tried = |code| {
            let error = io::Error::from_raw_os_error(code);
            in_namespaces(Failure::new("cannot do it"), &error)
        };
        for code in [libc::EPERM, libc::EACCES, libc::ENODEV] {
            assert!(
                tried(code).is_missing() && tried(code).hint.is_some(),
                "{code}"
            );
        }
        for code in [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOSPC] {
            assert!(
                !tried(code).is_missing() && tried(code).hint.is_some(),
                "{code}"
            );
        }
        assert_eq!(tried(libc::ENOENT), Failure::new("cannot do it"));
    }

    #[test]
    fn what_has_run_out_is_not_blamed_on_namespaces() {
        for (code, words) in [
            (libc::EMFILE, "the limit of open files is too low"),
            (libc::ENFILE, "the host has reached its limit of open files"),
            (
                libc::EAGAIN,
                "the limit of processes and threads is reached",
            ),
            (libc::ENOMEM, "the host is out of memory"),
        ] {
            let failure = of_namespaces(&io::Error::from_raw_os_error(code));
            let hint = failure.hint.clone().unwrap_or_default();
            assert!(hint.starts_with(words), "{code}: {hint}");
            assert!(!failure.is_missing(), "{code}");
            let message = &failure.message;
            assert!(
                message.starts_with("cannot start a process for a guest: "),
                "{message}"
            );
        }
    }

    #[test]
    fn each_error_and_each_setting_that_forbids_namespaces_has_its_own_cure() {
        let apparmor = "kernel/apparmor_restrict_unprivileged_userns=1";
        let clone = "kernel/unprivileged_userns_clone=0";
        for (code, setting, words) in [
            (
                libc::ENOSPC,
                "user/max_user_namespaces=0",
                "sysctl -w user.max_user_namespaces=15000",
            ),
            (
                libc::ENOSPC,
                "user/max_net_namespaces=0",
                "sysctl -w user.max_net_namespaces=15000",
            ),
            (
                libc::ENOSPC,
                "",
                "the host's limit on namespaces is reached",
            ),
            (
                libc::EACCES,
                apparmor,
                "AppArmor forbids user namespaces to this program: sysctl -w kernel.apparmor_",
            ),
            (
                libc::EPERM,
                clone,
                "sysctl -w kernel.unprivileged_userns_clone=1",
            ),
            (libc::EPERM, "", "this process is in a container, a chroot"),
            (libc::EINVAL, "", "this kernel was built without some"),
            (libc::EINVAL, clone, "this kernel was built without some"),
            (libc::ENOSYS, "", "the system call clone3 is missing"),
            (libc::EUSERS, "", "user namespaces are nested too deep"),
            (libc::EMFILE, apparmor, "the limit of open files"),
            (libc::EAGAIN, clone, "the limit of processes"),
        ] {
            let error = io::Error::from_raw_os_error(code);
            let read = |path: &str| {
                let (name, value) = setting.split_once('=')?;
                (path == format!("/proc/sys/{name}")).then(|| format!("{value}\n"))
            };
            let found = of_process(&error, &read).map(|cure| cure.words);
            let fits = found.as_ref().is_some_and(|found| found.starts_with(words));
            assert!(fits, "{code} {setting:?}: {found:?}");
        }
    }
}
