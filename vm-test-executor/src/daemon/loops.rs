//! Loop devices of instances. They are the kernel's, not a namespace's, so each is journalled in the runtime directory
//! before it is made, and swept with the daemon that made it.

use crate::sys::loop_device;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The numbers from here on are ours; `losetup` and others begin at zero.
const FIRST: u32 = 1 << 19;

/// How many there are.
const COUNT: u32 = 1 << 18;

/// How often the removal is tried again, while the kernel lets the last user go.
const REMOVALS: u32 = 100;

/// A loop device of one instance.
#[derive(Debug)]
pub(super) struct LoopDevice {
    number: u32,
    journal: PathBuf,
}

impl LoopDevice {
    /// Makes a device. `journal` is the path of the daemon's journal entries, without their end.
    pub(super) fn new(journal: &Path, seed: u64) -> io::Result<Self> {
        let start = std::process::id()
            .wrapping_mul(131)
            .wrapping_add(u32::try_from(seed).unwrap_or(0));
        for attempt in 0..64 {
            let number = FIRST + start.wrapping_add(attempt) % COUNT;
            let device = Self {
                number,
                journal: entry(journal, number),
            };
            File::create(&device.journal)?.sync_all()?;
            match loop_device::add(number) {
                Ok(()) => return Ok(device),
                Err(error) => {
                    // It is somebody else's; the entry must not make us remove it.
                    let _ = fs::remove_file(&device.journal);
                    std::mem::forget(device);
                    if error.kind() != io::ErrorKind::AlreadyExists {
                        return Err(error);
                    }
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Its number.
    pub(super) fn number(&self) -> u32 {
        self.number
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        if remove(self.number) {
            let _ = fs::remove_file(&self.journal);
        }
    }
}

/// Removes the devices that a dead daemon left; how many there were.
pub(super) fn sweep(journal: &Path) -> usize {
    let Some((dir, stem)) = journal
        .parent()
        .zip(journal.file_name().and_then(|name| name.to_str()))
    else {
        return 0;
    };
    let prefix = format!("{stem}.loop-");
    let mut removed = 0;
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(&prefix))
            .and_then(|number| number.parse().ok());
        if let Some(number) = number
            && remove(number)
            && fs::remove_file(entry.path()).is_ok()
        {
            removed += 1;
        }
    }
    removed
}

fn entry(journal: &Path, number: u32) -> PathBuf {
    let mut path = journal.as_os_str().to_owned();
    path.push(format!(".loop-{number}"));
    path.into()
}

/// Whether the device is gone.
fn remove(number: u32) -> bool {
    for _ in 0..REMOVALS {
        match loop_device::remove(number) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(()) => return true,
            Err(_) => return !Path::new(&format!("/dev/loop{number}")).exists(),
        }
    }
    false
}
