//! The suite `hostile` from VMs: the same attackers, who also have their own kernel. What makes no sense there is left out
//! by name, with the reason.

#[path = "../hostile/agents.rs"]
mod agents;
#[path = "../hostile/arena.rs"]
mod arena;
#[path = "../hostile/attacks.rs"]
mod attacks;
#[path = "../hostile/canary.rs"]
mod canary;
#[path = "../hostile/keyring.rs"]
mod keyring;
#[path = "../hostile/limits.rs"]
mod limits;
#[path = "../hostile/rows.rs"]
mod rows;

use vm_test_tests::place::Place;

/// Where the attackers are.
const PLACE: Place = Place::Machine;
