//! The files of devices that a booted system has before their drivers are loaded: opening one loads
//! the driver. The kernel's own list of them is in its modules' directory. Owners and permissions
//! are those that udev gives.

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown, symlink};
use std::path::Path;

/// Where device files are.
const DEVICES: &str = "/dev";

/// Links that udev makes there.
const LINKS: [(&str, &str); 2] = [("core", "/proc/kcore"), ("rtc", "rtc0")];

/// Directories there on which other file systems are mounted.
const MOUNTED: [&str; 4] = ["hugepages", "mqueue", "pts", "shm"];

/// Makes the device files, and sets the owners of all that exist.
pub(super) fn make() {
    let release = rustix::system::uname();
    let release = release.release().to_string_lossy();
    let list = format!("/lib/modules/{release}/modules.devname");
    // A kernel without modules has no list, and has made the files itself.
    let list = fs::read_to_string(list).unwrap_or_default();
    for (name, kind, major, minor) in list.lines().filter_map(parse) {
        let path = Path::new(DEVICES).join(name);
        if let Some(parent) = path.parent() {
            let _ = fs::create_dir_all(parent);
        }
        let _ = mknodat(
            CWD,
            &path,
            kind,
            Mode::from_raw_mode(0o600),
            makedev(major, minor),
        );
    }
    for (link, to) in LINKS {
        let _ = symlink(to, Path::new(DEVICES).join(link));
    }
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    own_all(Path::new(DEVICES), &groups);
}

/// Parses a line of the list: `tun net/tun c10:200`. Names that lead out of the directory are
/// refused.
fn parse(line: &str) -> Option<(&str, FileType, u32, u32)> {
    let mut words = line.split_whitespace().skip(1);
    let (name, numbers) = (words.next()?, words.next()?);
    let is_below = !name.starts_with('/') && name.split('/').all(|part| part != "..");
    let kind = match numbers.get(..1)? {
        "c" => FileType::CharacterDevice,
        "b" => FileType::BlockDevice,
        _ => return None,
    };
    let (major, minor) = numbers.get(1..)?.split_once(':')?;
    let device = (name, kind, major.parse().ok()?, minor.parse().ok()?);
    is_below.then_some(device)
}

fn own_all(directory: &Path, groups: &str) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let path = entry.path();
        if kind.is_dir() {
            // Mounted file systems have their own owners.
            if !MOUNTED.iter().any(|&name| entry.file_name() == name) {
                own_all(&path, groups);
            }
            continue;
        }
        if !kind.is_char_device() && !kind.is_block_device() {
            continue;
        }
        let name = path
            .strip_prefix(DEVICES)
            .unwrap_or(&path)
            .to_string_lossy();
        if let Some((group, mode)) = access(&name, kind.is_block_device()) {
            // Without the group the file remains root's.
            if let Some(group) = number_of(group, groups) {
                let _ = chown(&path, None, Some(group));
            }
            let _ = fs::set_permissions(&path, fs::Permissions::from_mode(mode));
        }
    }
}

/// Returns the group and permissions of a device file, if they differ from the kernel's.
fn access(name: &str, is_block: bool) -> Option<(&'static str, u32)> {
    let numbered = |stem: &str| {
        let rest = name.strip_prefix(stem);
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match name {
        _ if is_block => Some(("disk", 0o660)),
        "fuse" | "net/tun" | "vfio/vfio" => Some(("root", 0o666)),
        "autofs" => Some(("root", 0o644)),
        "loop-control" => Some(("disk", 0o660)),
        "kvm" | "vhost-net" | "vhost-vsock" => Some(("kvm", 0o660)),
        "mem" | "kmem" | "port" => Some(("kmem", 0o640)),
        "tty" | "ptmx" => Some(("tty", 0o666)),
        _ if numbered("tty") => Some(("tty", 0o620)),
        _ if numbered("ttyS") => Some(("dialout", 0o660)),
        _ if name.starts_with("vcs") => Some(("tty", 0o660)),
        _ if name.starts_with("input/") => Some(("input", 0o660)),
        _ if name.starts_with("snd/") => Some(("audio", 0o660)),
        _ => None,
    }
}

/// Returns the number of a group, given the content of a group file.
fn number_of(group: &str, groups: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut words = line.split(':');
        (words.next() == Some(group)).then(|| words.nth(1)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels_list_is_a_device_and_leads_nowhere_else() {
        let tun = Some(("net/tun", FileType::CharacterDevice, 10, 200));
        assert_eq!(parse("tun net/tun c10:200"), tun);
        let disk = Some(("old", FileType::BlockDevice, 7, 0));
        assert_eq!(parse("old old b7:0"), disk);
        for line in [
            "# Device nodes to trigger on-demand module loading.",
            "",
            "tun net/tun",
            "tun net/tun c10",
            "tun net/tun p10:1",
            "tun /etc/tun c10:200",
            "tun ../etc/tun c10:200",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn device_files_have_the_owners_and_permissions_that_udev_gives() {
        for (name, is_block, expected) in [
            ("vda", true, Some(("disk", 0o660))),
            ("loop-control", false, Some(("disk", 0o660))),
            ("net/tun", false, Some(("root", 0o666))),
            ("tty", false, Some(("tty", 0o666))),
            ("tty12", false, Some(("tty", 0o620))),
            ("ttyS0", false, Some(("dialout", 0o660))),
            ("ttyprintk", false, None),
            ("mapper/control", false, None),
            ("null", false, None),
        ] {
            assert_eq!(access(name, is_block), expected, "{name}");
        }
    }

    #[test]
    fn a_group_has_the_number_that_the_image_gives_it() {
        let groups = "root:x:0:\ndisk:x:6:me\ndiskette:x:7:\nodd:x:\n";
        for (group, number) in [
            ("root", Some(0)),
            ("disk", Some(6)),
            ("odd", None),
            ("kvm", None),
        ] {
            assert_eq!(number_of(group, groups), number, "{group}");
        }
    }
}
