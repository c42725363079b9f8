//! Room on the store's disk: how much is left, and the message if it was not enough. Makes and removes nothing.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};
use vm_test_protocol::failure::{Failure, Kind};
use vm_test_runtime::variables::STORE as ENV_STORE;
use vm_test_sys::btrfs;

/// With less than this left, a command that failed is taken to have failed for want of room: it said why to the user
/// and not to us.
const NOTHING_LEFT: u64 = 4 << 20;

/// What bootstrapping the smallest Debian takes up while it goes on, packages and lists included.
pub(in crate::image) const BOOTSTRAP: u64 = 400 << 20;

/// How the system says it, to us and to the programs that we start.
const WORDS: [&str; 3] = [
    "No space left on device",
    "Disk quota exceeded",
    // What tar says if some of a block still found room.
    "Wrote only",
];

/// Bytes that this user may still write to the disk that holds this path, and whether files can be made at all.
fn left(path: &Path) -> Option<(u64, bool)> {
    let stat = rustix::fs::statvfs(path).ok()?;
    // A file system without a fixed number of files says that it has none.
    let files = stat.f_files == 0 || stat.f_favail > 0;
    Some((stat.f_bavail.saturating_mul(stat.f_frsize), files))
}

/// The bytes left.
pub(in crate::image) fn free(path: &Path) -> u64 {
    left(path).map_or(u64::MAX, |(bytes, _)| bytes)
}

/// With more than this left, or with half of the disk, no build waits for more.
const PLENTY: u64 = 16 << 30;

/// How long removed subvolumes are waited for at most, and how often it is looked.
const REMOVAL: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// When in so many looks in a row no room has come back, none is on its way.
const LOOKS: u32 = 4;

/// Waits for the room that removed subvolumes still take up, where there is not plenty without it; `settled` says whether
/// all are removed that are to be.
pub(super) fn await_removed(store: &Path, settled: &dyn Fn() -> bool) {
    let is_low = || {
        rustix::fs::statvfs(store).is_ok_and(|stat| {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            free < PLENTY && stat.f_bavail < stat.f_blocks / 2
        })
    };
    if !btrfs::is_below(store) || !is_low() {
        return;
    }
    let Ok(directory) = File::open(store) else {
        return;
    };
    let limit = Instant::now() + REMOVAL;
    let mut most = free(store);
    let mut looks = 0;
    // Without being asked to the kernel begins half a minute later.
    while looks < LOOKS && Instant::now() < limit && btrfs::sync(&directory).is_ok() && is_low() {
        std::thread::sleep(LOOK);
        let now = free(store);
        let is_queued = btrfs::destroyed(&directory).is_ok_and(|count| count > 0);
        looks = if now > most || is_queued || !settled() {
            0
        } else {
            looks + 1
        };
        most = most.max(now);
    }
}

/// Whether a step failed because there was no room. `ran_command` if it may have been told to the user only.
pub(in crate::image) fn is_full(failure: &Failure, store: &Path, ran_command: bool) -> bool {
    let text = failure.text();
    let said = failure.kind() == Kind::StoreFull || WORDS.iter().any(|word| text.contains(word));
    let gone = left(store).is_some_and(|(bytes, files)| bytes < NOTHING_LEFT || !files);
    said || (ran_command && gone)
}

/// The failure for lack of room. `before` is what was left when the step began, `needs` what it takes up in all.
pub(in crate::image) fn full(store: &Path, step: &str, before: u64, needs: Option<u64>) -> Failure {
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    let missing = match needs.map(|needs| needs.saturating_sub(before)) {
        Some(missing) if missing > 0 => format!("it needs about {} MiB more", mib(missing)),
        _ => format!("it needs more than the {} MiB that were free", before >> 20),
    };
    Failure::new(format!("cannot {step}: store full: {missing} in {}", store.display())).of(Kind::StoreFull).hint(format!(
        "`vm-test image rm` and `vm-test gc --images` make room; or set {ENV_STORE} to a directory on a larger disk"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_in_whole_mebibytes() {
        let failure = full(
            Path::new("/s"),
            "unpack a.tar",
            10 << 20,
            Some((25 << 20) - 1),
        );
        assert_eq!(
            failure.message,
            "cannot unpack a.tar: store full: it needs about 15 MiB more in /s"
        );
        let failure = full(Path::new("/s"), "run make", 10 << 20, None);
        assert_eq!(
            failure.message,
            "cannot run make: store full: it needs more than the 10 MiB that were free in /s"
        );
    }

    #[test]
    fn only_a_lack_of_room_is_called_one() {
        let root = Path::new("/");
        for (words, full) in [
            ("tar: x: Cannot write: No space left on device", true),
            ("tar: x: Permission denied", false),
        ] {
            assert_eq!(is_full(&Failure::new(words), root, false), full, "{words}");
        }
    }
}
