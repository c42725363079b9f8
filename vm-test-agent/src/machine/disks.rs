//! The VM's disks, found by their serial numbers. Mounts nothing.

use super::appearance::await_there;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Waits for the disk with this serial number; returns its device.
pub(super) fn find(serial: &str) -> io::Result<PathBuf> {
    await_there(|| look(serial))
        .ok_or_else(|| io::Error::other(format!("there is no disk {serial}")))
}

fn look(serial: &str) -> Option<PathBuf> {
    all().find_map(|(found, device)| (found == serial).then_some(device))
}

/// Returns all disks that have a serial number, with their devices.
fn all() -> impl Iterator<Item = (String, PathBuf)> {
    let entries = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let serial = fs::read_to_string(entry.path().join("serial")).ok()?;
        let device = Path::new("/dev").join(entry.file_name());
        device.exists().then(|| (serial.trim().to_owned(), device))
    })
}

/// The disks that existed at one moment. Their contents may change, but not their names.
#[derive(Debug)]
pub(super) struct Disks(BTreeMap<String, PathBuf>);

impl Disks {
    /// Returns the disks that exist now.
    pub(super) fn seen() -> Self {
        Self(all().filter(|(serial, _)| !serial.is_empty()).collect())
    }

    /// Returns the device of the disk with this serial number; waits for a disk that did not exist.
    pub(super) fn find(&self, serial: &str) -> io::Result<PathBuf> {
        match self.0.get(serial) {
            Some(device) => Ok(device.clone()),
            None => find(serial),
        }
    }
}
