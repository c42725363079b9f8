//! A set-up as a site names it: a function of this test binary whose work guests start from. Runs
//! nothing.

use crate::outcome::Outcome;
use std::any::type_name;
use vm_test_call::Function;

/// A function that several tests start from.
#[derive(Clone, Copy, Debug)]
pub struct SetUp {
    /// Its path, for people.
    pub(crate) name: &'static str,
    /// Returns why it has failed, if it has.
    pub(crate) function: Function<(), Option<String>>,
}

impl SetUp {
    /// Returns the set-up that calls `f`, which may return whatever a test may.
    pub fn of<R: Outcome, F: Fn() -> R + Copy + 'static>(f: F) -> Self {
        Self {
            name: type_name::<F>(),
            function: Function::of(move |()| f().failure()),
        }
    }
}
