//! A file that is damaged: it has lost its end, or a byte of it is wrong. What a program writes to
//! it meanwhile stays: only what the fault took is put back.

use super::super::stop::Stop;
use super::super::streams::Streams;
use super::refusal::{bytes, of_path, refused};
use std::fs::{self, File, FileTimes, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use vm_test_protocol::node_fault::{MOST_KEPT, Obstacle};
use vm_test_protocol::tool::Told;

/// Has a file end early, until the end of the tool's input.
pub(super) fn truncate(path: &str, length: u64, streams: &mut Streams) -> Result<(), Stop> {
    let what = format!("truncate {path}");
    let damaged = Damaged::open(path).map_err(|error| of_path(&what, &error))?;
    let lost = damaged.before.len().saturating_sub(length);
    if lost == 0 {
        let cause = format!("it has only {} bytes", damaged.before.len());
        return Err(Stop::cannot(&what, cause));
    }
    if lost > MOST_KEPT {
        let cause = format!("{} of it would have to be kept", bytes(lost));
        let hint = format!("at most {} are kept: leave more of it", bytes(MOST_KEPT));
        return Err(refused(Obstacle::Room, &what, cause, hint));
    }
    let truncated = damaged.truncated(length, lost);
    have(
        truncated.map_err(|error| of_path(&what, &error))?,
        path,
        streams,
    )
}

/// Has bits of one byte of a file be inverted, until the end of the tool's input.
pub(super) fn flip(path: &str, offset: u64, mask: u8, streams: &mut Streams) -> Result<(), Stop> {
    let what = format!("change byte {offset} of {path}");
    let damaged = Damaged::open(path).map_err(|error| of_path(&what, &error))?;
    if offset >= damaged.before.len() {
        let cause = format!("it has only {} bytes", damaged.before.len());
        return Err(Stop::cannot(&what, cause));
    }
    let flipped = damaged.flipped(offset, mask);
    have(
        flipped.map_err(|error| of_path(&what, &error))?,
        path,
        streams,
    )
}

fn have(fault: Fault, path: &str, streams: &mut Streams) -> Result<(), Stop> {
    streams.say(&Told::Faulted(Vec::new()))?;
    streams.await_end()?;
    let cannot = |error| Stop::cannot(format!("restore {path}"), error);
    fault.end().map_err(cannot)
}

/// A file, as it was before.
#[derive(Debug)]
struct Damaged {
    path: PathBuf,
    file: File,
    before: Metadata,
}

impl Damaged {
    fn open(path: &str) -> io::Result<Self> {
        let path = fs::canonicalize(path)?;
        if !path.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let file = File::options().read(true).write(true).open(&path)?;
        let before = file.metadata()?;
        Ok(Self { path, file, before })
    }

    fn truncated(self, length: u64, lost: u64) -> io::Result<Fault> {
        let mut end = vec![0; usize::try_from(lost).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut end, length)?;
        self.file.set_len(length)?;
        self.damaged(Change::Cut { length, end })
    }

    fn flipped(self, offset: u64, mask: u8) -> io::Result<Fault> {
        let mut byte = [0];
        self.file.read_exact_at(&mut byte, offset)?;
        self.file.write_all_at(&[byte[0] ^ mask], offset)?;
        self.damaged(Change::Flip {
            offset,
            right: byte[0],
            wrong: byte[0] ^ mask,
        })
    }

    /// Returns the fault that now is there, on the disk, too.
    fn damaged(self, change: Change) -> io::Result<Fault> {
        let mut fault = Fault {
            after: self.before.clone(),
            file: self,
            change,
        };
        fault.file.file.sync_data()?;
        fault.after = fault.file.file.metadata()?;
        Ok(fault)
    }
}

/// What was done to a file.
#[derive(Debug)]
enum Change {
    Cut { length: u64, end: Vec<u8> },
    Flip { offset: u64, right: u8, wrong: u8 },
}

/// A damaged file. Dropped, it is restored.
#[derive(Debug)]
struct Fault {
    file: Damaged,
    after: Metadata,
    change: Change,
}

impl Fault {
    /// Restores the file.
    ///
    /// # Errors
    /// If it is another file now, or has lost its end and was changed since.
    fn end(self) -> io::Result<()> {
        let ended = self.undo();
        std::mem::forget(self);
        ended
    }

    fn undo(&self) -> io::Result<()> {
        let Damaged { path, file, before } = &self.file;
        if !is_at(path, before) {
            return Err(io::Error::other("another file is there now"));
        }
        let now = file.metadata()?;
        let is_unchanged = written(&now) == written(&self.after);
        match &self.change {
            Change::Cut { .. } if !is_unchanged => {
                let words = "it was changed meanwhile, and is left as it is";
                return Err(io::Error::other(words));
            }
            Change::Cut { length, end } => file.write_all_at(end, *length)?,
            Change::Flip {
                offset,
                right,
                wrong,
            } => {
                let mut byte = [0];
                let is_there = file.read_exact_at(&mut byte, *offset).is_ok();
                if is_there && byte[0] == *wrong {
                    file.write_all_at(&[*right], *offset)?;
                }
            }
        }
        file.sync_data()?;
        if is_unchanged {
            let times = FileTimes::new().set_accessed(before.accessed()?);
            file.set_times(times.set_modified(before.modified()?))?;
        }
        Ok(())
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        let _ = self.undo();
    }
}

/// Returns whether this file is at the path.
fn is_at(path: &Path, file: &Metadata) -> bool {
    let found = fs::symlink_metadata(path);
    found.is_ok_and(|found| (found.dev(), found.ino()) == (file.dev(), file.ino()))
}

/// Returns what changes whenever a file is written.
fn written(meta: &Metadata) -> (u64, i64, i64) {
    (meta.len(), meta.mtime(), meta.mtime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    const TEXT: &[u8] = b"0123456789";

    /// Makes a file of the past.
    fn planted(place: &tempfile::TempDir) -> String {
        let path = place.path().join("file");
        fs::write(&path, TEXT).unwrap();
        let past = UNIX_EPOCH + Duration::new(1_000_000, 7_000);
        let file = File::options().write(true).open(&path).unwrap();
        let times = FileTimes::new().set_accessed(past).set_modified(past);
        file.set_times(times).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn is_as_planted(path: &str) -> bool {
        let past = UNIX_EPOCH + Duration::new(1_000_000, 7_000);
        let is_past = fs::metadata(path).unwrap().modified().unwrap() == past;
        is_past && fs::read(path).unwrap() == TEXT
    }

    #[test]
    fn a_file_loses_its_end_and_has_it_again_with_its_times() {
        let place = tempfile::tempdir().unwrap();
        let path = planted(&place);
        let fault = Damaged::open(&path).unwrap().truncated(4, 6).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"0123");
        fault.end().unwrap();
        assert!(is_as_planted(&path));
        drop(Damaged::open(&path).unwrap().truncated(0, 10).unwrap());
        assert!(is_as_planted(&path));
    }

    #[test]
    fn a_byte_is_wrong_and_then_right_again() {
        let place = tempfile::tempdir().unwrap();
        let path = planted(&place);
        let fault = Damaged::open(&path).unwrap().flipped(2, 0x80).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"01\xb23456789");
        fault.end().unwrap();
        assert!(is_as_planted(&path));
    }

    #[test]
    fn what_was_written_meanwhile_stays() {
        let place = tempfile::tempdir().unwrap();
        let path = planted(&place);
        let fault = Damaged::open(&path).unwrap().truncated(4, 6).unwrap();
        fs::write(&path, "more than that").unwrap();
        let error = fault.end().unwrap_err().to_string();
        assert_eq!(error, "it was changed meanwhile, and is left as it is");
        assert_eq!(fs::read(&path).unwrap(), b"more than that");
        let fault = Damaged::open(&path).unwrap().flipped(0, 1).unwrap();
        fs::write(&path, "other").unwrap();
        fault.end().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"other");
        let fault = Damaged::open(&path).unwrap().flipped(0, 1).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "new").unwrap();
        assert!(fault.end().is_err());
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn what_a_file_does_not_have_is_not_taken() {
        use super::super::super::streams::tests::Played;
        let place = tempfile::tempdir().unwrap();
        let path = planted(&place);
        let ends = |told: Vec<Told>| match &told[..] {
            [Told::Failed(failure)] => failure.message.clone(),
            [Told::Unable(unable)] => format!("{:?}", unable.obstacle),
            other => panic!("{other:?}"),
        };
        let (one, other) = (path.clone(), path.clone());
        let cut = Played::begin(move |streams| truncate(&one, 10, streams)).end();
        assert!(ends(cut).ends_with("it has only 10 bytes"));
        let flipped = Played::begin(move |streams| flip(&other, 10, 1, streams)).end();
        assert!(ends(flipped).ends_with("it has only 10 bytes"));
        let absent = Played::begin(|streams| flip("/nowhere", 0, 1, streams)).end();
        assert_eq!(ends(absent), "Absent");
        assert!(is_as_planted(&path));
    }
}
