//! A container's own name in its own files, before anything runs in it.

use super::builder::in_root;
use crate::rootfs::{Plan, Step};
use rustix::mount::mount_bind;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use vm_test_sys::hosts;

/// The file that takes the place of one that cannot be changed, below the room.
const OWN_HOSTS: &str = "hosts";

/// A longer file stays as it is.
const LONGEST: u64 = 1 << 20;

/// Has the guest find itself by its name. What a step of a recipe leaves becomes an image, which has no name.
pub(super) fn give(plan: &Plan, name: &str) -> io::Result<()> {
    if plan.steps.iter().any(stays) {
        return Ok(());
    }
    let file = in_root(Path::new(hosts::FILE));
    let content = read(&file);
    let is_long = |content: &Vec<u8>| content.len() as u64 > LONGEST;
    if content.as_ref().is_some_and(is_long) {
        return Ok(());
    }
    let Some(missing) = hosts::missing(content.as_deref(), name) else {
        return Ok(());
    };
    let is_there = content.is_some();
    let mut content = content.unwrap_or_default();
    content.extend_from_slice(missing.as_bytes());
    if replace(&file, &content).is_err() && is_there {
        // Its directory belongs to nobody here.
        fs::write(OWN_HOSTS, &content)?;
        mount_bind(OWN_HOSTS, &file)?;
    }
    Ok(())
}

fn stays(step: &Step) -> bool {
    matches!(step, Step::Stack { above: Some(_), .. })
}

/// What is in the file, if one is there, up to a byte too many. An image may have anything in its place: a FIFO would be waited
/// for, and a link would lead to a file of the host.
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

/// The file may belong to the real root, and then only another one can take its place.
fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let aside = file.with_extension("vm-test");
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // As a new file: a link of the image's there would lead to a file of the host.
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
