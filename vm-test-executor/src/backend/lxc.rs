//! Containers of liblxc, in which the image's own init boots. Knows the library's configuration; the
//! root file system is already mounted.

use super::container::{Boot, Machine, Network};
use super::room::STREAM;
use std::ffi::CString;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use vm_test_protocol::errno::{self, Tried};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::{AGENT_PATH, LIBRARIES};
use vm_test_sys::lxc::{Container, LIBRARY, Lxc};

/// When a console's file has reached this size, it is truncated.
const CONSOLE_SIZE: &str = "1MB";

/// Returns the version of the installed library.
///
/// # Errors
/// If it is not installed.
pub fn library_version() -> Result<String, Failure> {
    open().map(|lxc| lxc.version())
}

fn open() -> Result<Lxc, Failure> {
    Lxc::open().map_err(|error| {
        Failure::new(format!("cannot open {LIBRARY}: {error}")).hint(
            "install it: apt-get install liblxc1 (Debian, Ubuntu), dnf install lxc-libs (Fedora)",
        )
        .missing()
    })
}

/// Runs a container in the keeper's own user namespace; liblxc itself maps no ids.
///
/// # Errors
/// If it cannot be started.
pub fn run(machine: &Machine, boot: &Boot) -> Result<i32, Failure> {
    let lxc = open()?;
    let log = machine.room.join("lxc.log");
    lxc.log_to(&c_path(&log)?, c"WARN");
    let directory = c_path(&machine.room.join("lxc"))?;
    let name = CString::new(machine.instance.as_str()).unwrap_or_default();
    let mut container = lxc
        .container(&name, &directory)
        .ok_or_else(|| cannot(machine, "liblxc made no container".to_owned()))?;
    configure(&mut container, machine, boot)?;
    let mut command = Vec::new();
    if let Some(loader) = &machine.loader {
        command.push(c_path(loader)?);
        command.extend([
            c"--library-path".into(),
            CString::new(LIBRARIES).unwrap_or_default(),
        ]);
    }
    command.push(CString::new(AGENT_PATH).unwrap_or_default());
    let (started, status) = container.run(&command);
    if started {
        return Ok(status);
    }
    let words = last_errors(&log);
    let cure = cure(&words);
    let failure = cannot(machine, words);
    Err(match cure {
        Some(cure) => failure.hint(cure),
        None => failure,
    })
}

/// Errors that the library reports by the C library's text, whatever it tried.
const NAMED: [i32; 4] = [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::EAGAIN];

/// Returns a hint for the library's error message, if it names a resource that has run out.
fn cure(words: &str) -> Option<&'static str> {
    NAMED.into_iter().find_map(|code| {
        let error = std::io::Error::from_raw_os_error(code);
        let shown = error.to_string();
        let named = shown.split(" (os error").next()?;
        words
            .contains(named)
            .then(|| errno::cure(Tried::Process, &error))?
    })
}

fn configure(container: &mut Container<'_>, machine: &Machine, boot: &Boot) -> Result<(), Failure> {
    for (key, value) in settings(machine, boot) {
        if !container.set(key, &value) {
            return Err(cannot(machine, format!("liblxc refuses {key} = {value}")));
        }
    }
    // Where the library knows AppArmor it would try to change the profile, which a user's namespace
    // may not; where it does not, it refuses the key. Either way the profile stays.
    let _ = container.set("lxc.apparmor.profile", "unchanged");
    Ok(())
}

/// Returns the keys of liblxc's configuration with their values.
fn settings(machine: &Machine, boot: &Boot) -> Vec<(&'static str, String)> {
    let root = machine.root.display();
    let pivot = machine.room.join("pivot");
    // A sysfs shows one network, and only its owner may mount it.
    let network = match machine.network {
        Network::Own => "empty",
        Network::Host | Network::Of(_) => "none",
    };
    let mounts = match machine.network {
        Network::Host => "proc:rw",
        // A read-only /sys tells an init that it must not manage the devices.
        Network::Own | Network::Of(_) => "proc:rw sys:mixed",
    };
    let mut items = vec![
        ("lxc.rootfs.path", format!("dir:{root}")),
        ("lxc.rootfs.mount", pivot.display().to_string()),
        ("lxc.uts.name", machine.guest.clone()),
        ("lxc.net.0.type", network.to_owned()),
        ("lxc.mount.auto", mounts.to_owned()),
        ("lxc.autodev", "1".to_owned()),
        ("lxc.pty.max", "1024".to_owned()),
        ("lxc.environment", format!("VM_TEST_STREAM={STREAM}")),
        ("lxc.mount.entry", shared_memory(machine)),
        (
            "lxc.mount.entry",
            "mqueue dev/mqueue mqueue rw,nosuid,nodev,noexec,create=dir,optional 0 0".to_owned(),
        ),
        // `ip netns exec` unmounts /sys and mounts its own. In a user namespace the kernel allows
        // that only while another sysfs, with nothing mounted over it, is visible there.
        (
            "lxc.mount.entry",
            "sys dev/.lxc/sys sysfs create=dir,optional 0 0".to_owned(),
        ),
        // For the same reason, containers within the guest can mount a /proc of their own.
        (
            "lxc.mount.entry",
            "proc dev/.lxc/proc proc create=dir,optional 0 0".to_owned(),
        ),
    ];
    // They name the user's keys, who is root in an ordinary user's guest. The keys themselves a
    // filter of the keeper's refuses.
    for names in ["proc/keys", "proc/key-users"] {
        let cover = format!("/dev/null {names} none bind,optional 0 0");
        items.push(("lxc.mount.entry", cover));
    }
    items.extend([
        (
            "lxc.console.logfile",
            format!("/proc/self/fd/{}", boot.console.as_raw_fd()),
        ),
        ("lxc.console.size", CONSOLE_SIZE.to_owned()),
        ("lxc.tty.max", "0".to_owned()),
        (
            "lxc.environment",
            format!("VM_TEST_BOOT_TIMEOUT={}", boot.timeout.as_millis()),
        ),
    ]);
    if let Network::Of(namespace) = &machine.network {
        let path = format!("/proc/self/fd/{}", namespace.as_raw_fd());
        items.push(("lxc.namespace.share.net", path));
    }
    if machine.watch_memory {
        let limit = machine.memory;
        items.push(("lxc.environment", format!("VM_TEST_MEMORY_LIMIT={limit}")));
    }
    items.extend(machine.devices.iter().map(|(source, path)| {
        let (source, path) = (source.display(), path.display().to_string());
        let target = path.trim_start_matches('/');
        let entry = format!("{source} {target} none bind,create=file 0 0");
        ("lxc.mount.entry", entry)
    }));
    items
}

/// The entry of `/dev/shm`.
fn shared_memory(machine: &Machine) -> String {
    match &machine.shared_memory {
        Some(made) => format!("{} dev/shm none rbind,create=dir 0 0", made.display()),
        None => "shm dev/shm tmpfs rw,nosuid,nodev,create=dir,mode=1777 0 0".to_owned(),
    }
}

fn cannot(machine: &Machine, cause: String) -> Failure {
    Failure::new(format!(
        "cannot start instance {} of guest `{}`: {cause}",
        machine.instance, machine.guest
    ))
    .hint("`vm-test doctor` checks what this host allows")
}

/// The library's own words for what went wrong.
fn last_errors(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let errors: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once("ERROR"))
        .filter_map(|(_, rest)| rest.split_once(" - "))
        .filter_map(|(_, rest)| rest.split_once(" - "))
        .map(|(_, words)| words.trim())
        .collect();
    if errors.is_empty() {
        "liblxc did not say why".to_owned()
    } else {
        errors.join("; ")
    }
}

fn c_path(path: &Path) -> Result<CString, Failure> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Failure::new(format!("cannot use the path {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_run_out_is_known_by_the_words_of_the_library() {
        for (words, cure_begins) in [
            (
                "Too many open files - Failed to create monitor",
                "the limit of open files",
            ),
            (
                "Failed to clone a new set of namespaces; Resource temporarily unavailable",
                "the limit of processes",
            ),
            (
                "Cannot allocate memory - Failed",
                "the host is out of memory",
            ),
        ] {
            let found = cure(words).unwrap_or_default();
            assert!(found.starts_with(cure_begins), "{words}: {found}");
        }
        assert_eq!(cure("Permission denied - Failed to mount"), None);
    }
}
