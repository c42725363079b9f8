//! Subvolumes of btrfs: made, copied, listed, destroyed. Knows the requests, not what is in a
//! subvolume.

use linux_raw_sys::btrfs::{
    BTRFS_FIRST_FREE_OBJECTID, BTRFS_SUBVOL_RDONLY, BTRFS_SUBVOL_SYNC_COUNT,
    btrfs_ioctl_get_subvol_rootref_args, btrfs_ioctl_ino_lookup_user_args, btrfs_ioctl_subvol_wait,
    btrfs_ioctl_vol_args, btrfs_ioctl_vol_args_v2,
};
use linux_raw_sys::general::BTRFS_SUPER_MAGIC;
use linux_raw_sys::ioctl::{
    BTRFS_IOC_GET_SUBVOL_ROOTREF, BTRFS_IOC_INO_LOOKUP_USER, BTRFS_IOC_SNAP_CREATE_V2,
    BTRFS_IOC_SNAP_DESTROY, BTRFS_IOC_SUBVOL_CREATE, BTRFS_IOC_SUBVOL_GETFLAGS,
    BTRFS_IOC_SUBVOL_SETFLAGS, BTRFS_IOC_SYNC,
};
use std::ffi::{CStr, OsStr, OsString, c_char};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Returns whether this directory is on btrfs.
#[must_use]
pub fn is_below(path: &Path) -> bool {
    rustix::fs::statfs(path)
        .is_ok_and(|stat| u32::try_from(stat.f_type).is_ok_and(|magic| magic == BTRFS_SUPER_MAGIC))
}

/// Returns whether this open directory is the root of a subvolume.
#[must_use]
pub fn is_subvolume(directory: &impl AsFd) -> bool {
    let is_btrfs = rustix::fs::fstatfs(directory)
        .is_ok_and(|stat| u32::try_from(stat.f_type).is_ok_and(|magic| magic == BTRFS_SUPER_MAGIC));
    let inode = rustix::fs::fstat(directory).map(|stat| stat.st_ino);
    is_btrfs && inode == Ok(BTRFS_FIRST_FREE_OBJECTID.into())
}

/// Makes an empty subvolume in a directory.
///
/// # Errors
/// If this is not btrfs, the name is taken, or the directory cannot be written to.
pub fn create(directory: &impl AsFd, name: &OsStr) -> io::Result<()> {
    let mut arguments = zeroed::<btrfs_ioctl_vol_args>();
    set_name(&mut arguments.name, name)?;
    request(directory, BTRFS_IOC_SUBVOL_CREATE, &mut arguments)
}

/// Makes a writable snapshot of a subvolume in a directory.
///
/// Subvolumes in it are empty directories in the snapshot.
///
/// # Errors
/// See [`create`]; also if the subvolume belongs to another user.
pub fn snapshot(directory: &impl AsFd, name: &OsStr, subvolume: &impl AsFd) -> io::Result<()> {
    let mut arguments = zeroed::<btrfs_ioctl_vol_args_v2>();
    arguments.fd = subvolume.as_fd().as_raw_fd().into();
    // SAFETY: all bytes of the union are initialised, and every member of it may have any value.
    set_name(unsafe { &mut arguments.__bindgen_anon_2.name }, name)?;
    request(directory, BTRFS_IOC_SNAP_CREATE_V2, &mut arguments)
}

/// Destroys a subvolume of a directory.
///
/// # Errors
/// `ENOTEMPTY` if there are subvolumes in it; `EPERM` for an ordinary user where the file system is
/// not mounted with `user_subvol_rm_allowed`; `EROFS` for such a user if it is read-only.
pub fn destroy(directory: &impl AsFd, name: &OsStr) -> io::Result<()> {
    let mut arguments = zeroed::<btrfs_ioctl_vol_args>();
    set_name(&mut arguments.name, name)?;
    request(directory, BTRFS_IOC_SNAP_DESTROY, &mut arguments)
}

/// Returns the subvolumes in a subvolume, but not those nested deeper: the directory, relative to
/// the subvolume, and the name of each.
///
/// # Errors
/// If a directory on the way to one of them is not accessible to this user.
pub fn inner(subvolume: &impl AsFd) -> io::Result<Vec<(PathBuf, OsString)>> {
    let mut found = Vec::new();
    let mut arguments = zeroed::<btrfs_ioctl_get_subvol_rootref_args>();
    loop {
        let more = match request(subvolume, BTRFS_IOC_GET_SUBVOL_ROOTREF, &mut arguments) {
            Err(error) if error.raw_os_error() == Some(libc::EOVERFLOW) => true,
            answer => answer.map(|()| false)?,
        };
        for reference in &arguments.rootref[..usize::from(arguments.num_items)] {
            found.push(place_of(subvolume, reference.treeid, reference.dirid)?);
            arguments.min_treeid = reference.treeid + 1;
        }
        if !more || arguments.num_items == 0 {
            return Ok(found);
        }
        arguments.num_items = 0;
    }
}

fn place_of(subvolume: &impl AsFd, tree: u64, directory: u64) -> io::Result<(PathBuf, OsString)> {
    let mut arguments = zeroed::<btrfs_ioctl_ino_lookup_user_args>();
    (arguments.treeid, arguments.dirid) = (tree, directory);
    request(subvolume, BTRFS_IOC_INO_LOOKUP_USER, &mut arguments)?;
    Ok((text(&arguments.path).into(), text(&arguments.name)))
}

/// Makes a read-only subvolume writable.
///
/// # Errors
/// If it belongs to another user.
pub fn make_writable(subvolume: &impl AsFd) -> io::Result<()> {
    let mut flags = 0u64;
    request(subvolume, BTRFS_IOC_SUBVOL_GETFLAGS, &mut flags)?;
    if flags & u64::from(BTRFS_SUBVOL_RDONLY) == 0 {
        return Ok(());
    }
    flags &= !u64::from(BTRFS_SUBVOL_RDONLY);
    request(subvolume, BTRFS_IOC_SUBVOL_SETFLAGS, &mut flags)
}

/// The request that reports destroyed subvolumes that the kernel still has to remove.
///
/// Linux 6.13 and newer have it; the crate with the other requests does not.
const SUBVOL_SYNC_WAIT: u32 = 1 << 30 | 16 << 16 | 0x94 << 8 | 65;

/// Makes the kernel commit changes and start removing the destroyed subvolumes.
///
/// # Errors
/// If this is not btrfs.
pub fn sync(directory: &impl AsFd) -> io::Result<()> {
    // SAFETY: the descriptor is open, and the request has no argument.
    let result = unsafe { libc::ioctl(directory.as_fd().as_raw_fd(), BTRFS_IOC_SYNC.into()) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Returns how many destroyed subvolumes the kernel has not started to remove.
///
/// # Errors
/// If the kernel is too old to report it.
pub fn destroyed(directory: &impl AsFd) -> io::Result<u32> {
    let mut arguments = zeroed::<btrfs_ioctl_subvol_wait>();
    arguments.mode = BTRFS_SUBVOL_SYNC_COUNT;
    request(directory, SUBVOL_SYNC_WAIT, &mut arguments)?;
    Ok(arguments.count)
}

/// A structure of the kernel for which all-zero bytes are valid.
///
/// # Safety
/// It contains only numbers and pointers that may be null.
unsafe trait Plain: Copy {}

// SAFETY: one number.
unsafe impl Plain for u64 {}
// SAFETY: numbers.
unsafe impl Plain for btrfs_ioctl_subvol_wait {}
// SAFETY: numbers.
unsafe impl Plain for btrfs_ioctl_vol_args {}
// SAFETY: numbers, and a pointer that may be null.
unsafe impl Plain for btrfs_ioctl_vol_args_v2 {}
// SAFETY: numbers.
unsafe impl Plain for btrfs_ioctl_get_subvol_rootref_args {}
// SAFETY: numbers.
unsafe impl Plain for btrfs_ioctl_ino_lookup_user_args {}

fn zeroed<T: Plain>() -> T {
    // SAFETY: that is what the trait says.
    unsafe { std::mem::zeroed() }
}

fn request<T: Plain>(file: &impl AsFd, number: u32, arguments: &mut T) -> io::Result<()> {
    // The number of a request contains the size of its structure.
    if usize::try_from(number >> 16 & 0x3fff) != Ok(size_of::<T>()) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: the descriptor is open, and the structure has the size that the kernel reads and
    // writes, and outlives the call.
    let result = unsafe {
        libc::ioctl(
            file.as_fd().as_raw_fd(),
            number.into(),
            std::ptr::from_mut(arguments),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn set_name(field: &mut [c_char], name: &OsStr) -> io::Result<()> {
    let bytes = name.as_bytes();
    // The name must be terminated by a zero.
    if bytes.is_empty() || bytes.contains(&0) || bytes.len() >= field.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (to, &from) in field.iter_mut().zip(bytes) {
        *to = from.cast_signed();
    }
    Ok(())
}

fn text(field: &[c_char]) -> OsString {
    let bytes: Vec<u8> = field.iter().map(|byte| byte.cast_unsigned()).collect();
    let text = CStr::from_bytes_until_nul(&bytes).map(CStr::to_bytes);
    OsString::from_vec(text.unwrap_or_default().to_vec())
}
