//! Disk space of the store: how much is left, and the message if it was not enough.
//!
//! Makes and removes nothing.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};
use vm_test_protocol::failure::{Failure, Kind};
use vm_test_runtime::variables::STORE as ENV_STORE;
use vm_test_sys::btrfs;

/// A command that fails with less than this left is assumed to have failed for lack of space.
///
/// It reported the reason to the user, and not to this process.
const NOTHING_LEFT: u64 = 4 << 20;

/// Peak disk usage of bootstrapping the smallest Debian, including packages and lists.
pub(in crate::image) const BOOTSTRAP: u64 = 400 << 20;

/// The error messages of the system and of other programs.
const WORDS: [&str; 3] = [
    "No space left on device",
    "Disk quota exceeded",
    // Tar's message when part of a block still fitted.
    "Wrote only",
];

/// Returns how many bytes this user may still write, and whether files can be created.
fn left(path: &Path) -> Option<(u64, bool)> {
    let stat = rustix::fs::statvfs(path).ok()?;
    // File systems without a fixed number of inodes report 0.
    let files = stat.f_files == 0 || stat.f_favail > 0;
    Some((stat.f_bavail.saturating_mul(stat.f_frsize), files))
}

/// Returns the number of bytes left.
pub(in crate::image) fn free(path: &Path) -> u64 {
    left(path).map_or(u64::MAX, |(bytes, _)| bytes)
}

/// With more than this left, or with half of the disk, nothing waits for more.
const PLENTY: u64 = 16 << 30;

/// The time limit for waiting for removed subvolumes, and the polling interval.
const REMOVAL: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// After this many polls in a row without change, no more space is expected.
const LOOKS: u32 = 4;

/// Waits for the space of removed subvolumes if little is left; returns whether more of it was
/// still to come when the time was up.
///
/// `settled` returns whether no more are about to be removed.
pub(super) fn await_removed(store: &Path, settled: &dyn Fn() -> bool) -> bool {
    let is_low = || {
        rustix::fs::statvfs(store).is_ok_and(|stat| {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            free < PLENTY && stat.f_bavail < stat.f_blocks / 2
        })
    };
    if !btrfs::is_below(store) || !is_low() {
        return false;
    }
    let Ok(directory) = File::open(store) else {
        return false;
    };
    let look = || {
        // Without this call, the kernel begins to free the space only half a minute later.
        let is_worth_it = btrfs::sync(&directory).is_ok() && is_low();
        is_worth_it.then(|| {
            std::thread::sleep(LOOK);
            let is_queued = btrfs::destroyed(&directory).is_ok_and(|count| count > 0);
            (free(store), is_queued)
        })
    };
    await_change(REMOVAL, free(store), &look, settled)
}

/// Polls until there is no more space to come, but not longer than the limit; returns whether the
/// limit ended it.
///
/// `look` returns how much is free and whether the kernel still has something to remove; `None` if
/// nobody needs more space.
fn await_change(
    limit: Duration,
    before: u64,
    look: &dyn Fn() -> Option<(u64, bool)>,
    settled: &dyn Fn() -> bool,
) -> bool {
    let end = Instant::now() + limit;
    let (mut most, mut looks) = (before, 0);
    while looks < LOOKS && Instant::now() < end {
        let Some((now, is_queued)) = look() else {
            return false;
        };
        looks = if now > most || is_queued || !settled() {
            0
        } else {
            looks + 1
        };
        most = most.max(now);
    }
    looks < LOOKS
}

/// Returns whether a step failed because the disk is full.
///
/// `ran_command` says that the error may have been reported only to the user.
pub(in crate::image) fn is_full(failure: &Failure, store: &Path, ran_command: bool) -> bool {
    let text = failure.text();
    let said = failure.kind() == Kind::StoreFull || WORDS.iter().any(|word| text.contains(word));
    let gone = left(store).is_some_and(|(bytes, files)| bytes < NOTHING_LEFT || !files);
    said || (ran_command && gone)
}

/// Returns the failure of a step, which names the disk space if there was too little.
///
/// `before` is what was left when the step began.
pub(super) fn explained(failure: Failure, store: &Path, step: &str, before: u64) -> Failure {
    if is_full(&failure, store, false) {
        full(store, step, before, None)
    } else {
        failure
    }
}

/// Returns the failure for lack of disk space.
///
/// `before` is what was left when the step began, `needs` what it needs in total.
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
    use std::cell::Cell;

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

    /// Waits for the space in these looks; returns how many there were, and whether the limit
    /// ended them.
    fn looks(limit: Duration, look: &dyn Fn(u64) -> (u64, bool), is_settled: bool) -> (u64, bool) {
        let count = Cell::new(0);
        let look = || {
            count.set(count.get() + 1);
            std::thread::sleep(Duration::from_millis(1));
            Some(look(count.get()))
        };
        let is_late = await_change(limit, 1 << 20, &look, &|| is_settled);
        (count.get(), is_late)
    }

    #[test]
    fn space_is_waited_for_while_it_comes_and_no_longer_than_the_limit() {
        let (long, quiet) = (Duration::from_secs(600), u64::from(LOOKS));
        assert_eq!(looks(long, &|_| (1 << 20, false), true), (quiet, false));
        // Space comes, or the kernel says that it will.
        assert_eq!(
            looks(long, &|n| ((1 << 20) + n.min(7), false), true),
            (7 + quiet, false)
        );
        assert_eq!(
            looks(long, &|n| (1 << 20, n <= 7), true),
            (7 + quiet, false)
        );
        // Something is about to be removed and never is, or the kernel does not get done.
        let short = Duration::from_millis(100);
        for (is_queued, is_settled) in [(false, false), (true, true)] {
            let began = Instant::now();
            let (count, is_late) = looks(short, &|_| (1 << 20, is_queued), is_settled);
            assert!(count > quiet && is_late, "{count}, {is_late}");
            assert!((short..long).contains(&began.elapsed()));
        }
        // Nobody waits where there is enough, and what comes later is of no interest there.
        assert!(!await_change(long, 0, &|| None, &|| false));
    }

    #[test]
    fn no_space_is_to_come_on_a_disk_without_subvolumes() {
        let plain = Path::new("/proc");
        assert!(!await_removed(plain, &|| false));
    }

    #[test]
    fn a_snapshot_for_which_there_is_no_space_is_refused_with_how_much_there_was() {
        let step = "make a snapshot of image `a`";
        let failure = |cause: &str| Failure::new(format!("cannot {step}: {cause}"));
        let words = |cause| explained(failure(cause), Path::new("/"), step, 3 << 20).text();
        assert_eq!(
            words("No space left on device (os error 28)"),
            full(Path::new("/"), step, 3 << 20, None).text()
        );
        assert!(words("No space left on device (os error 28)").starts_with(
            "cannot make a snapshot of image `a`: store full: it needs more than the 3 MiB that were free in /"
        ));
        let other = "Permission denied (os error 13)";
        assert_eq!(words(other), failure(other).text());
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
