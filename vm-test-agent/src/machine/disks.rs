//! The VM's disks, found by their serial numbers. Mounts nothing.

use super::appearance::await_there;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The device of the disk with this serial number, as soon as it is there.
pub(super) fn find(serial: &str) -> io::Result<PathBuf> {
    await_there(|| look(serial))
        .ok_or_else(|| io::Error::other(format!("there is no disk {serial}")))
}

fn look(serial: &str) -> Option<PathBuf> {
    all().find_map(|(found, device)| (found == serial).then_some(device))
}

/// All disks that have a serial number, with their devices.
fn all() -> impl Iterator<Item = (String, PathBuf)> {
    let entries = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let serial = fs::read_to_string(entry.path().join("serial")).ok()?;
        let device = Path::new("/dev").join(entry.file_name());
        device.exists().then(|| (serial.trim().to_owned(), device))
    })
}

/// The disks that were there at a moment. What is on them may change, and what they are called does not.
#[derive(Debug)]
pub(super) struct Disks(BTreeMap<String, PathBuf>);

impl Disks {
    /// Those that are there now.
    pub(super) fn seen() -> Self {
        Self(all().filter(|(serial, _)| !serial.is_empty()).collect())
    }

    /// The device of the disk with this serial number; one that was not there is waited for.
    pub(super) fn find(&self, serial: &str) -> io::Result<PathBuf> {
        match self.0.get(serial) {
            Some(device) => Ok(device.clone()),
            None => find(serial),
        }
    }
}
