//! A container's own name in its own files, before anything runs in it.

use super::builder::in_root;
use crate::rootfs::Plan;
use rustix::mount::mount_bind;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use vm_test_sys::hosts;

/// The file that replaces one that cannot be changed, in the keeper's directory.
const OWN_HOSTS: &str = "hosts";

/// A larger file is left unchanged, in bytes.
const LONGEST: u64 = 1 << 20;

/// Makes the guest's own name resolve to itself, and adds `others`, lines about other names.
///
/// A build step has no name: what it leaves becomes an image.
pub(super) fn give(plan: &Plan, name: &str, others: &str) -> io::Result<()> {
    if plan.stays() {
        return Ok(());
    }
    let file = in_root(Path::new(hosts::FILE));
    let content = read(&file);
    let is_long = |content: &Vec<u8>| content.len() as u64 > LONGEST;
    if content.as_ref().is_some_and(is_long) {
        return Ok(());
    }
    let Some(missing) = hosts::missing_with(content.as_deref(), name, others) else {
        return Ok(());
    };
    let is_there = content.is_some();
    let mut content = content.unwrap_or_default();
    content.extend_from_slice(missing.as_bytes());
    if replace(&file, &content).is_err() && is_there {
        // The directory of the original is not writable here.
        fs::write(OWN_HOSTS, &content)?;
        mount_bind(OWN_HOSTS, &file)?;
    }
    Ok(())
}

/// Returns the content of a regular file, up to one byte more than the limit.
///
/// An image may have anything in its place: reading a FIFO would block, and a link would lead to a
/// file of the host.
fn read(file: &Path) -> Option<Vec<u8>> {
    let mut options = File::options();
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = options.read(true).custom_flags(flags).open(file).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut content = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut content).ok()?;
    Some(content)
}

/// Replaces the file by another: it may belong to the real root.
pub(super) fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let aside = file.with_extension("vm-test");
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // As a new file: a link that the image has there would lead to a file of the host.
    let mut new = File::options().write(true).create_new(true).open(&aside)?;
    new.write_all(content)?;
    fs::rename(&aside, file).inspect_err(|_| drop(fs::remove_file(&aside)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::os::unix::fs::symlink;

    #[test]
    fn what_an_image_has_in_the_way_is_neither_followed_nor_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("precious"), "secret").unwrap();
        fs::write(at("hosts"), "old").unwrap();
        symlink(at("precious"), at("hosts.vm-test")).unwrap();
        replace(&at("hosts"), b"new").unwrap();
        assert_eq!(fs::read(at("precious")).unwrap(), b"secret");
        assert_eq!(read(&at("hosts")).unwrap(), b"new");
        assert!(fs::symlink_metadata(at("hosts.vm-test")).is_err());
        symlink(at("precious"), at("link")).unwrap();
        mknodat(CWD, at("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert_eq!(
            ["link", "fifo", "nothing"].map(|name| read(&at(name))),
            [None, None, None]
        );
    }
}
