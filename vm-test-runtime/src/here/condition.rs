//! A condition in a guest, and the wait for it.

use super::error::WaitError;
use super::look::Watched;
use super::pace::{Monotonic, follow};
use super::scene::Scene;
use std::time::Duration;

/// Something that a test can wait for; [`Condition::within`] does it.
///
/// A wait that succeeds returns a `T`.
#[must_use = "nothing waits until `within` or `try_within` is called"]
pub struct Condition<'a, T = ()> {
    wait: Box<dyn FnOnce(Duration) -> Result<T, WaitError> + 'a>,
}

impl<'a, T> Condition<'a, T> {
    /// Returns a condition that is looked at by this process, for this place.
    pub(super) fn new(scene: Scene, watched: impl Watched<Value = T> + 'a) -> Self {
        Self::waited_for(move |limit| {
            let mut watched = watched;
            let result = follow(&Monotonic::start(), limit, || watched.look());
            result.map_err(|unmet| {
                WaitError::new(scene, watched.what(), limit, unmet, watched.evidence())
            })
        })
    }

    /// Returns a condition that this closure waits for, at most so long.
    pub(crate) fn waited_for(wait: impl FnOnce(Duration) -> Result<T, WaitError> + 'a) -> Self {
        Self {
            wait: Box::new(wait),
        }
    }

    /// Waits until the condition is met, at most this long, and returns what was waited for.
    ///
    /// It looks at once, then after a millisecond, and then less and less often, but at least about
    /// twenty times a second, if a look does not take longer than that. It looks for the last time
    /// when the time is over, so `Duration::ZERO` is one look. It blocks the thread, and does not
    /// interrupt a look: a closure of [`Wait::until`](super::Wait::until) must return by itself.
    ///
    /// The time is taken as it is, also on a VM where QEMU emulates the processor.
    ///
    /// # Panics
    /// If the condition is not met in time, or cannot be met any more. The message is that of
    /// [`WaitError`], and the panic is located where `within` is called.
    #[track_caller]
    pub fn within(self, limit: Duration) -> T {
        match self.try_within(limit) {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }

    /// Does the same as [`Condition::within`], and returns an error instead of panicking.
    ///
    /// # Errors
    /// If the condition is not met in time, or cannot be met any more.
    pub fn try_within(self, limit: Duration) -> Result<T, WaitError> {
        (self.wait)(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::super::look::{Evidence, Look};
    use super::*;

    /// Is met at a look with this number.
    struct At {
        number: u32,
        looks: u32,
    }

    impl Watched for At {
        type Value = u32;

        fn what(&self) -> String {
            format!("look {}", self.number)
        }

        fn look(&mut self) -> Look<u32> {
            self.looks += 1;
            if self.looks == self.number {
                return Look::Met(self.looks);
            }
            Look::NotYet(format!("it is look {}", self.looks))
        }

        fn evidence(&self) -> Option<Evidence> {
            Some(Evidence {
                title: "what was seen",
                lines: vec!["nothing".to_owned()],
            })
        }
    }

    fn at(number: u32) -> Condition<'static, u32> {
        let scene = Scene::Guest("deb".to_owned());
        Condition::new(scene, At { number, looks: 0 })
    }

    #[test]
    fn a_wait_returns_what_it_waited_for() {
        assert_eq!(at(4).within(Duration::from_secs(60)), 4);
        assert_eq!(at(1).try_within(Duration::ZERO), Ok(1));
    }

    #[test]
    fn a_wait_without_time_is_one_look_and_its_panic_is_its_error() {
        let words = "cannot see look 2 within 0ns: it is look 1 (guest `deb`, 0.0 s elapsed)\n\
            what was seen:\n  | nothing";
        let error = at(2).try_within(Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), words);
        let panic = std::panic::catch_unwind(|| at(2).within(Duration::ZERO)).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), words);
    }
}
