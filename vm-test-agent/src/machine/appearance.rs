//! Waits for a file that a driver creates shortly after it was loaded. Knows no device.

use std::thread;
use std::time::Duration;

/// How often one looks.
const TICK: Duration = Duration::from_millis(1);

/// How many looks it may take. The clock of a machine that is translated was seen to go minutes ahead at once, and that must
/// not end a wait which has hardly begun.
const LOOKS: u32 = 10_000;

/// What is looked for, as soon as it is there.
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

    /// How many looks it takes to find what is there from the `first` look on.
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
