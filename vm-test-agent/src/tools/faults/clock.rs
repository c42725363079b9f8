//! A clock that is wrong or runs at a wrong rate. Only the clock of a VM is its own: that of a
//! container is the host's, and a time namespace moves no clock of the day.

use super::super::super::kind;
use super::super::stop::Stop;
use super::super::streams::Streams;
use super::refusal::{in_a_container, refused};
use rustix::fs::{FlockOperation, flock};
use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;
use vm_test_protocol::node_fault::{MOST_SKEW, Obstacle};
use vm_test_protocol::tool::Told;
use vm_test_sys::clock_rate::{self, FREQUENCY_UNITS, Rate, TICK_MILLIONTHS};

const IN_A_CONTAINER: &str = "the clock of a container is the host's, and time namespaces offset only the monotonic clock and the time since boot";

/// Where a file is locked for as long as a fault lasts: two of a kind could not be undone in any
/// order.
const LOCKS: &str = "/run/vm-test";

const NANOS: i128 = 1_000_000_000;

/// Sets the clock forward or back, until the end of the tool's input.
pub(super) fn step(by: Duration, is_back: bool, streams: &mut Streams) -> Result<(), Stop> {
    const WHAT: &str = "set the clock";
    if !kind::is_vm() {
        return Err(in_a_container(WHAT, IN_A_CONTAINER));
    }
    let _only = alone(WHAT, Path::new(LOCKS), "clock-step")?;
    let by = i128::try_from(by.as_nanos()).unwrap_or(i128::MAX);
    let by = if is_back { -by } else { by };
    let step = Step::begin(by).map_err(|error| Stop::cannot(WHAT, error))?;
    streams.say(&Told::Faulted(Vec::new()))?;
    streams.await_end()?;
    step.end()
        .map_err(|error| Stop::cannot("set the clock right again", error))
}

/// Has the clock run at a wrong rate, until the end of the tool's input.
pub(super) fn skew(millionths: i32, streams: &mut Streams) -> Result<(), Stop> {
    const WHAT: &str = "change the rate of the clock";
    if !kind::is_vm() {
        return Err(in_a_container(WHAT, IN_A_CONTAINER));
    }
    if !(-MOST_SKEW..=MOST_SKEW).contains(&millionths) {
        let cause = format!("it can be off by at most {MOST_SKEW} millionths");
        return Err(Stop::cannot(WHAT, cause));
    }
    let _only = alone(WHAT, Path::new(LOCKS), "clock-skew")?;
    let skew = Skew::begin(millionths).map_err(|error| Stop::cannot(WHAT, error))?;
    streams.say(&Told::Faulted(Vec::new()))?;
    streams.await_end()?;
    skew.end()
        .map_err(|error| Stop::cannot("set the rate of the clock right again", error))
}

/// Returns what keeps other faults of this kind away for as long as it lives.
fn alone(what: &str, locks: &Path, kind: &str) -> Result<File, Stop> {
    let file = File::create(locks.join(kind)).map_err(|error| Stop::cannot(what, error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let cause = "another fault has done so and lasts";
            Err(refused(Obstacle::Busy, what, cause, "end that one first"))
        }
        Err(error) => Err(Stop::cannot(what, io::Error::from(error))),
    }
}

/// A clock that was set. Dropped, it is set back by as much.
struct Step {
    by: i128,
    /// How far the clock was from the one that nobody sets, before and after.
    before: i128,
    after: i128,
}

impl Step {
    fn begin(by: i128) -> io::Result<Self> {
        let before = distance();
        move_clock(by)?;
        Ok(Self {
            by,
            before,
            after: before.saturating_add(by),
        })
    }

    fn end(self) -> io::Result<()> {
        let ended = self.undo();
        std::mem::forget(self);
        ended
    }

    fn undo(&self) -> io::Result<()> {
        if is_standing(self.before, self.after, distance()) {
            move_clock(-self.by)?;
        }
        Ok(())
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        let _ = self.undo();
    }
}

/// Returns whether a clock is still where it was set to: a VM that was paused has the host's time
/// afterwards.
fn is_standing(before: i128, after: i128, now: i128) -> bool {
    now.abs_diff(after) <= now.abs_diff(before)
}

/// A clock with another rate. Dropped, it has its own again, and loses what it was ahead.
struct Skew {
    rate: Rate,
    begin: i128,
}

impl Skew {
    fn begin(millionths: i32) -> io::Result<Self> {
        let rate = clock_rate::get()?;
        let begin = drift();
        clock_rate::set(off_by(rate, millionths))?;
        Ok(Self { rate, begin })
    }

    fn end(self) -> io::Result<()> {
        let ended = self.undo();
        std::mem::forget(self);
        ended
    }

    fn undo(&self) -> io::Result<()> {
        clock_rate::set(self.rate)?;
        move_clock(self.begin - drift())
    }
}

impl Drop for Skew {
    fn drop(&mut self) {
        let _ = self.undo();
    }
}

/// Returns the rate that is off by so many millionths more.
fn off_by(rate: Rate, millionths: i32) -> Rate {
    let millionths = i64::from(millionths);
    Rate {
        tick: rate.tick + millionths / TICK_MILLIONTHS,
        frequency: rate.frequency + millionths % TICK_MILLIONTHS * FREQUENCY_UNITS,
    }
}

/// Returns how far the clock is from one that nobody sets.
fn distance() -> i128 {
    read(ClockId::Realtime) - read(ClockId::Monotonic)
}

/// Returns how far the clock that nobody sets is from one whose rate is fixed.
fn drift() -> i128 {
    read(ClockId::Monotonic) - read(ClockId::MonotonicRaw)
}

fn read(clock: ClockId) -> i128 {
    let time = clock_gettime(clock);
    i128::from(time.tv_sec) * NANOS + i128::from(time.tv_nsec)
}

/// Sets the clock forward by so many nanoseconds.
fn move_clock(by: i128) -> io::Result<()> {
    let to = read(ClockId::Realtime) + by;
    let seconds = i64::try_from(to.div_euclid(NANOS)).map_err(io::Error::other)?;
    let nanos = i64::try_from(to.rem_euclid(NANOS)).map_err(io::Error::other)?;
    Ok(clock_settime(
        ClockId::Realtime,
        Timespec {
            tv_sec: seconds,
            tv_nsec: nanos,
        },
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_somebody_else_has_set_meanwhile_is_left_alone() {
        let hour = 3600 * NANOS;
        for by in [hour, -hour] {
            let before = 7 * hour;
            // It drifts a little, in any case.
            assert!(is_standing(before, before + by, before + by + NANOS));
            assert!(!is_standing(before, before + by, before + NANOS));
        }
    }

    #[test]
    fn a_clock_is_set_by_one_fault_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let first = alone("set it", place.path(), "step").unwrap();
        let Err(Stop::Unable(unable)) = alone("set it", place.path(), "step") else {
            panic!("two do");
        };
        assert_eq!(unable.obstacle, Obstacle::Busy);
        alone("change its rate", place.path(), "skew").unwrap();
        drop(first);
        alone("set it", place.path(), "step").unwrap();
    }

    #[test]
    fn a_rate_is_made_of_coarse_and_fine_units() {
        let own = Rate {
            tick: 10_000,
            frequency: 7,
        };
        for (millionths, tick, frequency) in [
            (0, 10_000, 7),
            (50, 10_000, 7 + 50 * FREQUENCY_UNITS),
            (1234, 10_012, 7 + 34 * FREQUENCY_UNITS),
            (-1234, 9_988, 7 - 34 * FREQUENCY_UNITS),
            (MOST_SKEW, 11_000, 7),
        ] {
            assert_eq!(off_by(own, millionths), Rate { tick, frequency });
        }
    }

    #[test]
    fn a_container_has_no_clock_of_its_own() {
        use super::super::super::streams::tests::Played;
        use vm_test_protocol::node_fault::Obstacle;
        // This test runs in no VM of vm-test, or the clock of that one is changed.
        if kind::is_vm() {
            return;
        }
        let hour = Duration::from_secs(3600);
        for tool in [
            Played::begin(move |streams| step(hour, true, streams)),
            Played::begin(|streams| skew(100, streams)),
        ] {
            let Told::Unable(unable) = tool.told() else {
                panic!("it changes the clock");
            };
            assert_eq!(unable.obstacle, Obstacle::Container);
            tool.end();
        }
    }
}
