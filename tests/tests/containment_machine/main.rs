//! The suite `containment` from VMs: the same bodies, and the same words. Left out is `loads`: its crowds
//! need machines with gigabytes, of which each size boots anew, and what they would show other suites do: `outcomes_machine`
//! counts a machine's threads, and `hostile_machine` has its bombs and what fills its memory.

#[path = "../containment/bait.rs"]
mod bait;
#[path = "../containment/endings.rs"]
mod endings;
#[path = "../containment/neighbours.rs"]
mod neighbours;
#[path = "../containment/raid.rs"]
mod raid;
mod setting;
#[path = "../containment/tree.rs"]
mod tree;
#[path = "../containment/verdicts.rs"]
mod verdicts;
