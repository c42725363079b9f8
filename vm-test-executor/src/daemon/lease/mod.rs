//! Who may have an instance, and when: admits leases, has their instances prepared and started,
//! watches them, and writes down what became of them.

mod admission;
pub(super) mod attach;
mod budget;
mod claims;
mod disks;
mod gathering;
mod host;
mod keep;
mod kept;
mod lab;
mod labs;
mod leased_node;
mod ledger;
mod life;
mod line;
mod nodes;
mod orders;
mod power;
mod queue;
mod registry;
mod restoring;
mod room;
mod saved;
mod saving;
#[cfg(test)]
mod scripted_host;
mod serve;
mod spare;
mod spares;
mod standby;

pub(super) use admission::Admission;
pub use budget::Budget;
pub(super) use claims::Claims;
pub(super) use host::Host;
pub(super) use keep::{keep, remove};
pub(super) use lab::serve as serve_lab;
pub(super) use labs::Labs;
pub use ledger::describe_log;
pub(super) use registry::Registry;
pub(super) use serve::serve;
pub(super) use spare::Spare;
pub(super) use spares::Spares;
