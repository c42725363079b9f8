//! Guests whose root does its worst. What they try is in the fixture; here is what must have become of the host, of other
//! guests, and of the verdicts.

#[path = "hostile/agents.rs"]
mod agents;
#[path = "hostile/arena.rs"]
mod arena;
#[path = "hostile/attacks.rs"]
mod attacks;
#[path = "hostile/canary.rs"]
mod canary;
#[path = "hostile/keyring.rs"]
mod keyring;
#[path = "hostile/library.rs"]
mod library;
#[path = "hostile/limits.rs"]
mod limits;
#[path = "hostile/privileged.rs"]
mod privileged;
#[path = "hostile/rows.rs"]
mod rows;

use vm_test_tests::place::Place;

/// Where the attackers are.
const PLACE: Place = Place::Container;
