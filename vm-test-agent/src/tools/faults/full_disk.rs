//! A file system without room: a file that nobody sees takes it. Files that are deleted meanwhile
//! make room again.

use super::super::super::kind;
use super::super::stop::Stop;
use super::super::streams::Streams;
use super::refusal::{bytes, of_path, refused};
use rustix::fs::{FallocateFlags, StatVfs, fallocate, fstatfs, fstatvfs, statvfs};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use vm_test_protocol::node_fault::Obstacle;
use vm_test_protocol::tool::Told;

/// How much is asked for at a time at most.
const MOST: u64 = 1 << 30;

/// How much is asked for at a time at least.
const LEAST: u64 = 4096;

/// How often the room is looked at: what others delete meanwhile must not keep this going.
const ROUNDS: usize = 1000;

/// The types of file systems whose files are in memory, or may be.
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x794c_7630];

/// Fills the file system of a path until so many bytes are left, until the end of the tool's input.
pub(super) fn fill(path: &str, left: u64, streams: &mut Streams) -> Result<(), Stop> {
    let what = format!("fill the file system of {path}");
    let filled = begin(&what, Path::new(path), left)?;
    streams.say(&Told::Faulted(Vec::new()))?;
    streams.await_end()?;
    // The file has no name, so that it goes with its descriptor.
    filled
        .set_len(0)
        .map_err(|error| Stop::cannot(format!("make room in the file system of {path}"), error))
}

fn begin(what: &str, path: &Path, left: u64) -> Result<File, Stop> {
    let of_path = |error| of_path(what, &error);
    let path = fs::canonicalize(path).map_err(of_path)?;
    let directory = match path.parent() {
        Some(parent) if !path.is_dir() => parent,
        _ => &path,
    };
    let file = nameless(directory).map_err(of_path)?;
    let wanted = room(&file).map_err(of_path)?.saturating_sub(left);
    if is_in_memory(&file).map_err(of_path)? {
        may_take(what, wanted)?;
    }
    take(&file, left).map_err(of_path)?;
    Ok(file)
}

/// Returns a new file of the directory's file system that has no name any more.
fn nameless(directory: &Path) -> io::Result<File> {
    let path: PathBuf = directory.join(format!(".vm-test-full-{}", std::process::id()));
    let mut options = File::options();
    let file = options
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// Takes room until so much is left.
fn take(file: &File, left: u64) -> io::Result<()> {
    let mut length = 0;
    let mut most = MOST;
    for _ in 0..ROUNDS {
        let wanted = room(file)?.saturating_sub(left);
        let piece = wanted.min(most);
        if piece < LEAST {
            return Ok(());
        }
        match extend(file, length, piece) {
            Ok(()) => length += piece,
            // The file system needs some for itself.
            Err(error) if error.kind() == io::ErrorKind::StorageFull && most > LEAST => {
                most = (piece / 2).max(LEAST);
            }
            Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Adds so many bytes to the end of the file.
fn extend(file: &File, length: u64, piece: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), length, piece) {
        Err(Errno::OPNOTSUPP) => {}
        done => return Ok(done?),
    }
    let zeros = vec![0; 1 << 20];
    let mut done = 0;
    while done < piece {
        let count = zeros
            .len()
            .min(usize::try_from(piece - done).unwrap_or(usize::MAX));
        file.write_all_at(&zeros[..count], length + done)?;
        done += count as u64;
    }
    (&*file).flush()
}

/// Returns how much room there is for root.
fn room(file: &File) -> io::Result<u64> {
    Ok(free(&fstatvfs(file)?))
}

fn free(system: &StatVfs) -> u64 {
    system.f_bfree.saturating_mul(system.f_frsize)
}

fn is_in_memory(file: &File) -> io::Result<bool> {
    Ok(IN_MEMORY.contains(&fstatfs(file)?.f_type))
}

/// Returns an error if the guest's memory would be full before the file system is.
fn may_take(what: &str, wanted: u64) -> Result<(), Stop> {
    let most = if kind::is_vm() {
        super::memory::available().saturating_sub(super::memory::RESERVE)
    } else {
        // The writes of a container are in its memory, and so is what its processes need.
        of_root().map_err(|error| of_path(what, &error))? / 2
    };
    if wanted <= most {
        return Ok(());
    }
    let cause = format!(
        "it is in the guest's memory, and {} of that would be needed",
        bytes(wanted)
    );
    let hint = "have a small file system at the directory with `small_disk`, and fill that one";
    Err(refused(Obstacle::Room, what, cause, hint))
}

/// Returns the size of the root's file system, which in a container is the size of its memory.
fn of_root() -> io::Result<u64> {
    let system = statvfs("/")?;
    Ok(system.f_blocks.saturating_mul(system.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_takes_the_room_has_no_name_and_grows_by_pieces() {
        let place = tempfile::tempdir().unwrap();
        let file = nameless(place.path()).unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        extend(&file, 0, 8192).unwrap();
        extend(&file, 8192, 4096).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 12_288);
    }

    #[test]
    fn what_is_to_be_left_already_is_left() {
        let place = tempfile::tempdir().unwrap();
        let file = nameless(place.path()).unwrap();
        take(&file, u64::MAX).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 0);
    }

    #[test]
    fn a_path_that_is_not_there_is_named() {
        let Err(Stop::Unable(unable)) = begin("fill it", Path::new("/nowhere"), 0) else {
            panic!("it is there");
        };
        assert_eq!(unable.obstacle, Obstacle::Absent);
        assert!(unable.failure.message.starts_with("cannot fill it: "));
    }
}
