//! Waits for a file that a driver creates shortly after it was loaded. Knows no device.

use std::thread;
use std::time::Duration;

/// The polling interval.
const TICK: Duration = Duration::from_millis(1);

/// How many polls there are at most.
///
/// Counting polls is robust against a clock that jumps: the clock of an emulated VM was seen to
/// jump ahead by minutes.
const LOOKS: u32 = 10_000;

/// Polls until `look` finds something.
pub(super) fn await_there<T>(look: impl FnMut() -> Option<T>) -> Option<T> {
    within(LOOKS, look)
}

fn within<T>(looks: u32, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 1..looks {
        if let Some(found) = look() {
            return Some(found);
        }
        thread::sleep(TICK);
    }
    look()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns how many polls it takes to find what appears at the poll `first`.
    fn looks_for(first: u32) -> Option<u32> {
        let mut looks = 0;
        within(5, || {
            looks += 1;
            (looks >= first).then_some(looks)
        })
    }

    #[test]
    fn what_appears_within_the_last_look_is_found_and_what_does_not_is_not_waited_for() {
        assert_eq!(looks_for(1), Some(1));
        assert_eq!(looks_for(3), Some(3));
        assert_eq!(looks_for(5), Some(5));
        assert_eq!(looks_for(6), None);
    }
}
