//! How fast this processor's time stamp counter counts. QEMU's translator shows a VM this very
//! counter, whatever processor it pretends to be.

use std::fs;
use std::time::{Duration, Instant};

/// Over how long the counter is compared with the clock: a reading takes a thousandth of that.
const OVER: Duration = Duration::from_millis(20);

/// How often the counter is read to find a reading that nothing has interrupted.
const TRIES: usize = 64;

/// The word in /proc/cpuinfo for a counter whose rate does not change.
const CONSTANT: &str = "constant_tsc";

/// Returns how often the counter counts in a millisecond, which is its frequency in kHz.
///
/// Takes a fiftieth of a second. Returns `None` if there is no counter with a constant rate.
#[must_use]
pub fn per_millisecond() -> Option<u64> {
    let processor = fs::read_to_string("/proc/cpuinfo").ok()?;
    if !is_constant(&processor) {
        return None;
    }
    let first = Reading::now()?;
    std::thread::sleep(OVER);
    let last = Reading::now()?;
    let nanoseconds = last.time.duration_since(first.time).as_nanos();
    let ticks = u128::from(last.ticks.checked_sub(first.ticks)?);
    u64::try_from(ticks * 1_000_000 / nanoseconds).ok()
}

/// Returns whether all processors of this list have a counter with a constant rate.
fn is_constant(processors: &str) -> bool {
    let mut flags = processors
        .lines()
        .filter(|line| line.starts_with("flags"))
        .peekable();
    flags.peek().is_some() && flags.all(|line| line.split_whitespace().any(|flag| flag == CONSTANT))
}

/// The counter at a time.
struct Reading {
    time: Instant,
    ticks: u64,
}

impl Reading {
    /// Reads both; of several readings, takes the one that took the shortest time.
    fn now() -> Option<Self> {
        let read = |_| {
            let before = Instant::now();
            let ticks = counter()?;
            Some((
                before.elapsed(),
                Self {
                    time: before,
                    ticks,
                },
            ))
        };
        let readings = (0..TRIES).filter_map(read);
        let shortest = readings.min_by_key(|(took, _)| *took);
        shortest.map(|(_, reading)| reading)
    }
}

/// Returns the counter's value.
#[cfg(target_arch = "x86_64")]
fn counter() -> Option<u64> {
    // SAFETY: every x86_64 processor has this instruction, and it reads a register only.
    Some(unsafe { std::arch::x86_64::_rdtsc() })
}

/// Returns nothing: this processor has another counter.
#[cfg(not(target_arch = "x86_64"))]
fn counter() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_counter_that_is_constant_on_all_processors_counts() {
        let both =
            "processor : 0\nflags : fpu constant_tsc\n\nprocessor : 1\nflags : constant_tsc\n";
        assert!(is_constant(both));
        let one = "processor : 0\nflags : fpu constant_tsc\n\nprocessor : 1\nflags : fpu\n";
        assert!(!is_constant(one));
        assert!(!is_constant("processor : 0\nFeatures : fp\n"));
        assert!(!is_constant("flags : constant_tsc_or_not\n"));
    }

    #[test]
    fn two_measurements_agree() {
        let measured: Vec<_> = (0..4).map(|_| per_millisecond()).collect();
        let known: Vec<u64> = measured.iter().copied().flatten().collect();
        assert!(known.is_empty() || known.len() == 4, "{measured:?}");
        let ends = known.iter().min().zip(known.iter().max());
        // A thousandth: what the kernel accepts of its own measurement.
        assert!(
            ends.is_none_or(|(least, most)| most - least <= least / 1000),
            "{measured:?}"
        );
    }
}
