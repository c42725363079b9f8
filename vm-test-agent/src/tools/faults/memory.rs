//! Memory that is taken: as files without a name, which no process can be killed for. Knows nothing
//! of the guest's limit but what a VM's kernel says.

use super::super::super::kind;
use super::super::stop::Stop;
use super::super::streams::Streams;
use super::refusal::{bytes, of_path, refused};
use rustix::fs::{FallocateFlags, MemfdFlags, Mode, OFlags, fallocate, memfd_create, open};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use vm_test_protocol::node_fault::Obstacle;
use vm_test_protocol::tool::Told;

/// How much of a VM's memory stays available, so that its kernel kills nobody for this.
pub(super) const RESERVE: u64 = 16 << 20;

/// How much is asked for at a time.
const PIECE: u64 = 4 << 20;

/// Where a container's files in memory are, which count as memory of the container.
const SHARED: &str = "/dev/shm";

/// Who the kernel looks at last when memory runs out; what only root on a kernel of its own may set
/// comes first.
const UNLIKELY: [&str; 2] = ["-1000", "0"];

/// Takes this much memory, until the end of the tool's input.
pub(super) fn hold(wanted: u64, streams: &mut Streams) -> Result<(), Stop> {
    let what = format!("take {} of memory", bytes(wanted));
    if kind::is_vm() {
        let most = available().saturating_sub(RESERVE);
        if wanted > most {
            let cause = format!("only {} can be taken", bytes(most));
            let hint = "take less, or give the guest more with its setting `memory`";
            return Err(refused(Obstacle::Room, &what, cause, hint));
        }
    }
    for value in UNLIKELY {
        if fs::write("/proc/self/oom_score_adj", value).is_ok() {
            break;
        }
    }
    let file = new_file().map_err(|error| of_path(&what, &error))?;
    take(&file, wanted).map_err(|error| of_path(&what, &error))?;
    streams.say(&Told::Faulted(Vec::new()))?;
    // It goes with the descriptor.
    streams.await_end()
}

/// Returns how much memory the kernel says can be taken.
pub(super) fn available() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    available_in(&text).unwrap_or(u64::MAX)
}

fn available_in(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// Returns a file in memory without a name.
fn new_file() -> io::Result<OwnedFd> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    if !kind::is_vm()
        && let Ok(file) = open(SHARED, flags, Mode::from_raw_mode(0o600))
    {
        return Ok(file);
    }
    Ok(memfd_create("vm-test", MemfdFlags::CLOEXEC)?)
}

fn take(file: &OwnedFd, wanted: u64) -> io::Result<()> {
    let mut length = 0;
    while length < wanted {
        let piece = PIECE.min(wanted - length);
        fallocate(file, FallocateFlags::empty(), length, piece)?;
        length += piece;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::fstat;

    #[test]
    fn what_is_taken_is_there_and_has_no_name() {
        let file = new_file().unwrap();
        take(&file, PIECE + 1).unwrap();
        let meta = fstat(&file).unwrap();
        assert_eq!(u64::try_from(meta.st_size).unwrap(), PIECE + 1);
        assert!(u64::try_from(meta.st_blocks).unwrap() * 512 > PIECE);
        assert_eq!(meta.st_nlink, 0);
    }

    #[test]
    fn the_kernels_number_is_in_kib() {
        let text = "MemTotal:       24683652 kB\nMemAvailable:   23000 kB\n";
        assert_eq!(available_in(text), Some(23_000 << 10));
        assert_eq!(available_in("MemTotal: 1 kB\n"), None);
    }
}
