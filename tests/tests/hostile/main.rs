//! Guests whose root does its worst. What they try is in the fixture; here is what must have become of the host, of other
//! guests, and of the verdicts.

mod agents;
mod arena;
mod attacks;
mod canary;
mod keyring;
mod library;
mod limits;
mod privileged;
mod rows;

use vm_test_tests::place::Place;

/// Where the attackers are.
const PLACE: Place = Place::Container;
