//! The directory of a store on the host.
//!
//! Checks that only this user can write to it, and that it is still the same one. Does not know its
//! content.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::variables::STORE as ENV_STORE;

/// Device and inode of the directory, which identify it even if something is mounted over it later.
pub(super) type Identity = (u64, u64);

/// Returns the file beside a store that contains its file system, if it has one of its own.
#[must_use]
pub fn disk_of(store: &Path) -> PathBuf {
    let mut file = OsString::from(store);
    file.push(".btrfs");
    file.into()
}

/// The options for mounting such a file; unprivileged users may remove their own subvolumes.
pub const MOUNT_OPTIONS: &str = "loop,user_subvol_rm_allowed,noatime";

/// Returns the identity of a directory.
pub(super) fn identity(directory: &Path) -> Option<Identity> {
    let meta = fs::metadata(directory).ok()?;
    Some((meta.dev(), meta.ino()))
}

/// Checks that a store with a file system of its own is mounted.
///
/// Anything written to the directory below the mountpoint would be hidden once it is mounted again,
/// and waste disk space.
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

/// Checks that the store is still the same directory.
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

/// Checks that only this user can write to the store.
///
/// Its content becomes programs that this user runs.
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
