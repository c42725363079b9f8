//! The machine's disks, found by their serial numbers. Mounts nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a disk may take to appear after its driver has been loaded.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked for.
const TICK: Duration = Duration::from_millis(1);

/// The device of the disk with this serial number, as soon as it is there.
pub(super) fn find(serial: &str) -> io::Result<PathBuf> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(device) = look(serial) {
            return Ok(device);
        }
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("there is no disk {serial}")));
        }
        std::thread::sleep(TICK);
    }
}

fn look(serial: &str) -> Option<PathBuf> {
    let entry = fs::read_dir("/sys/block").ok()?.flatten().find(|entry| {
        fs::read_to_string(entry.path().join("serial")).is_ok_and(|text| text.trim() == serial)
    })?;
    let device = Path::new("/dev").join(entry.file_name());
    device.exists().then_some(device)
}
