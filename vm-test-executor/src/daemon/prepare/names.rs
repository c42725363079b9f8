//! What the instances of a daemon are called.

use std::sync::atomic::{AtomicU64, Ordering};

/// Assigns a unique number and name to every instance.
#[derive(Debug)]
pub(crate) struct Names {
    /// Part of every name, so that names of different daemons differ.
    run: String,
    given: AtomicU64,
}

impl Names {
    /// Returns the names of the daemon `run`.
    pub(crate) fn of(run: String) -> Self {
        Self {
            run,
            given: AtomicU64::new(0),
        }
    }

    /// Returns a new number, and the name that it gives an instance of this guest.
    pub(crate) fn next(&self, guest: &str) -> (u64, String) {
        let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        (number, format!("{guest}-{}-{number}", self.run))
    }
}

/// Returns the name of the guest that an instance with this name is of.
///
/// Neither the daemon's part nor the number has a `-` in it.
#[must_use]
pub fn guest_of(instance: &str) -> &str {
    instance.rsplitn(3, '-').nth(2).unwrap_or(instance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instance_has_a_number_and_a_name_that_no_other_one_has() {
        let names = Names::of("1a2b".to_owned());
        assert_eq!(names.next("a"), (1, "a-1a2b-1".to_owned()));
        assert_eq!(names.next("b"), (2, "b-1a2b-2".to_owned()));
        assert_eq!(names.next("a"), (3, "a-1a2b-3".to_owned()));
    }

    #[test]
    fn an_instance_tells_which_guest_it_is_of() {
        let names = Names::of("1a2b".to_owned());
        for guest in ["a", "worker-1", "a-b_c.d-", "1-2-3"] {
            assert_eq!(guest_of(&names.next(guest).1), guest);
        }
    }
}
