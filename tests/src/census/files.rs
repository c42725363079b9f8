//! The files that vm-test or a guest could have left on the host: all of the runtime directory, and
//! files with a telling name or a guest's owner in the directories that every user writes to.

use super::processes::{Guests, Processes};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where programs leave files, and where the fixtures' bodies do.
const DIRECTORIES: [&str; 11] = [
    "/",
    "/dev",
    "/dev/shm",
    "/etc",
    "/mnt",
    "/root",
    "/run",
    "/run/lock",
    "/run/lxc",
    "/tmp",
    "/var/tmp",
];

/// Parts of the names of files of vm-test, liblxc and the fixtures.
const TELLING: [&str; 3] = ["vm-test", "vmt-", "lxc"];

pub(super) fn read(runtime: &Path, processes: &Processes) -> BTreeSet<String> {
    let guests = Guests::of_this_user();
    let foreign = processes.foreign_runtimes();
    let mut found = BTreeSet::new();
    list(runtime, &mut found);
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let sources = fs::read_dir(fixtures).into_iter().flatten().flatten();
    let places = DIRECTORIES
        .iter()
        .map(PathBuf::from)
        .chain(home)
        .chain(session)
        .chain(sources.map(|entry| entry.path().join("src")));
    for place in places {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let telling = TELLING.iter().any(|part| name.contains(part));
            let of_guest = entry
                .metadata()
                .is_ok_and(|meta| guests.contains(meta.uid()));
            if (telling || of_guest) && !is_foreign(&path, runtime, &foreign) {
                found.extend(describe(&path));
            }
        }
    }
    found
}

/// Returns whether a path belongs to another living daemon, to a suite (each has its own
/// directory), or to a user's daemon in the default place.
pub(super) fn is_foreign(path: &Path, runtime: &Path, foreign: &BTreeSet<PathBuf>) -> bool {
    if path.starts_with(runtime) {
        return false;
    }
    let default = path.strip_prefix("/tmp").is_ok_and(|rest| {
        let name = rest.iter().next().and_then(|name| name.to_str());
        let user = name.and_then(|name| name.strip_prefix("vm-test-"));
        user.is_some_and(|user| user.parse::<u32>().is_ok())
    });
    let session = path
        .strip_prefix("/run/user")
        .is_ok_and(|rest| rest.iter().nth(1).is_some_and(|name| name == "vm-test"));
    let suite = path
        .iter()
        .any(|part| part.to_string_lossy().starts_with("vmt-"));
    default || session || suite || foreign.iter().any(|dir| path.starts_with(dir))
}

/// Adds a directory and everything in it.
fn list(path: &Path, found: &mut BTreeSet<String>) {
    found.extend(describe(path));
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        list(&entry.path(), found);
    }
}

fn describe(path: &Path) -> Option<String> {
    let meta = fs::symlink_metadata(path).ok()?;
    Some(format!("{} of user {}", path.display(), meta.uid()))
}
