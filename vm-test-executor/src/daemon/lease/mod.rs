//! Who may have an instance, and when: admits leases, has their instances prepared and started,
//! watches them, and writes down what became of them.

mod admission;
pub(super) mod attach;
mod budget;
mod captures;
mod changing;
mod claims;
mod disks;
mod gathering;
mod held;
mod holding;
mod host;
mod impairments;
mod keep;
mod kept;
mod lab;
mod labs;
mod leased_node;
mod ledger;
mod life;
mod line;
mod links;
mod model;
mod nodes;
mod one_clock;
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
mod spare_lab;
mod spares;
mod standby;
mod standby_lab;
mod term;

pub(super) use admission::Admission;
pub use budget::Budget;
pub(super) use changing::{order as order_lab, release as release_link};
pub(super) use claims::Claims;
pub(super) use held::{keep as keep_lab, log as log_of_lab, remove as remove_lab};
pub(super) use host::Host;
pub(super) use keep::{keep, remove};
pub(super) use lab::serve as serve_lab;
pub(super) use labs::Labs;
pub use ledger::describe_log;
pub(super) use registry::Registry;
pub(super) use serve::serve;
pub(super) use spares::Spares;
