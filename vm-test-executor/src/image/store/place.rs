//! The directory of a store on the host: whether only this user can write to it, and whether it is still the same one. Does
//! not know its content.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::variables::STORE as ENV_STORE;

/// Which directory it is, whatever is mounted over it later.
pub(super) type Identity = (u64, u64);

/// The file beside a store that holds its file system, where it has one of its own.
#[must_use]
pub fn disk_of(store: &Path) -> PathBuf {
    let mut file = OsString::from(store);
    file.push(".btrfs");
    file.into()
}

/// The options with which such a file is mounted. An ordinary user may remove what of the user's own is a subvolume.
pub const MOUNT_OPTIONS: &str = "loop,user_subvol_rm_allowed,noatime";

/// Which directory this is.
pub(super) fn identity(directory: &Path) -> Option<Identity> {
    let meta = fs::metadata(directory).ok()?;
    Some((meta.dev(), meta.ino()))
}

/// Asserts that a store that has a file system of its own has it now: what is written to the directory below the mount is
/// missed when it is mounted again, and takes room where nobody looks for it.
pub(super) fn check_mounted(store: &Path) -> Result<(), Failure> {
    let disk = disk_of(store);
    let device = |path: &Path| fs::metadata(path).map(|meta| meta.dev()).ok();
    let is_mounted = device(store).is_some() && device(store) != device(&store.join(".."));
    if is_mounted || !disk.is_file() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "cannot use the store {}: its file system {} is not mounted",
        store.display(),
        disk.display()
    ))
    .hint(format!(
        "as root: mount -o {MOUNT_OPTIONS} {} {}",
        disk.display(),
        store.display()
    )))
}

/// Asserts that the store is still the directory that it was.
pub(super) fn check_same(store: &Path, was: Identity) -> Result<(), Failure> {
    if identity(store) == Some(was) {
        return Ok(());
    }
    Err(Failure::new(format!(
        "cannot continue with the store {}: it is not the same directory as before: was its file system unmounted?",
        store.display()
    ))
    .hint("mount it again and repeat the command; nothing was written to what is there now"))
}

/// What is in the store becomes programs that this user runs, so nobody else may put anything there.
pub(super) fn check_owner(root: &Path, dir: &Path) -> Result<(), Failure> {
    let meta = fs::metadata(dir)
        .map_err(|error| Failure::new(format!("cannot use {}: {error}", dir.display())))?;
    let others = meta.mode() & 0o002 != 0;
    if !others && (meta.uid() == rustix::process::geteuid().as_raw() || meta.uid() == 0) {
        return Ok(());
    }
    let cause = if others {
        format!("everyone may write to {}", dir.display())
    } else {
        format!("{} belongs to user {}", dir.display(), meta.uid())
    };
    Err(
        Failure::new(format!("cannot use the store {}: {cause}", root.display())).hint(format!(
            "chmod o-w {}, or set {ENV_STORE} to a directory of your own",
            dir.display()
        )),
    )
}
