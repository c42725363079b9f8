//! Loop devices of instances. They belong to no namespace, so each is journalled in the runtime
//! directory before it is created, and swept if the daemon that created it was killed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use vm_test_sys::loop_device;

/// The first number that is used here; `losetup` and others start at zero.
const FIRST: u32 = 1 << 19;

/// How many numbers are used.
const COUNT: u32 = 1 << 18;

/// How often the removal is retried while the kernel releases the last user.
const REMOVALS: u32 = 100;

/// A loop device of one instance.
#[derive(Debug)]
pub(super) struct LoopDevice {
    number: u32,
    journal: PathBuf,
}

impl LoopDevice {
    /// Makes a device. `journal` is the path of the daemon's journal entries, without the
    /// extension.
    pub(super) fn new(journal: &Path, seed: u64) -> io::Result<Self> {
        let start = std::process::id()
            .wrapping_mul(131)
            .wrapping_add(u32::try_from(seed).unwrap_or(0));
        for attempt in 0..64 {
            let number = FIRST + start.wrapping_add(attempt) % COUNT;
            let journal = entry(journal, number);
            match File::options().write(true).create_new(true).open(&journal) {
                Ok(file) => file.sync_all()?,
                // It belongs to another instance of this daemon, whose entry must stay.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            }
            match loop_device::add(number) {
                Ok(()) => return Ok(Self { number, journal }),
                Err(error) => {
                    // It belongs to somebody else: the entry must not lead to its removal.
                    let _ = fs::remove_file(&journal);
                    if error.kind() != io::ErrorKind::AlreadyExists {
                        return Err(error);
                    }
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Returns its number.
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

/// Removes the devices that a dead daemon left; returns how many there were.
pub(crate) fn sweep(journal: &Path) -> usize {
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
            .and_then(number_of);
        if let Some(number) = number
            && remove(number)
            && fs::remove_file(entry.path()).is_ok()
        {
            removed += 1;
        }
    }
    removed
}

/// Returns the number of a device, if it is one of those used here.
///
/// Names with other numbers were not written by a daemon.
fn number_of(text: &str) -> Option<u32> {
    let number = text.parse().ok()?;
    // Exactly as it is written here, without a sign or leading zeros.
    let is_ours = (FIRST..FIRST + COUNT).contains(&number) && number.to_string() == text;
    is_ours.then_some(number)
}

fn entry(journal: &Path, number: u32) -> PathBuf {
    let mut path = journal.as_os_str().to_owned();
    path.push(format!(".loop-{number}"));
    path.into()
}

/// Returns whether the device is gone.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_names_no_device_but_those_of_guests() {
        for (text, number) in [
            ("524288", Some(FIRST)),
            ("786431", Some(FIRST + COUNT - 1)),
            ("0", None),
            ("7", None),
            ("524287", None),
            ("786432", None),
            ("4294967295", None),
            ("4294967296", None),
            ("+524288", None),
            ("0524288", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(number_of(text), number, "{text}");
        }
    }

    #[test]
    fn an_entry_that_is_no_guests_stays_and_counts_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path().join("it.journal");
        let forged = dir.path().join("it.journal.loop-0");
        fs::write(&forged, "").unwrap();
        assert_eq!(sweep(&journal), 0);
        assert!(forged.exists());
        // A device that does not exist counts as removed.
        fs::write(entry(&journal, FIRST + 77), "").unwrap();
        assert_eq!(sweep(&journal), 1);
    }
}
