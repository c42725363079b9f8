//! Who may have an instance, and when: admits leases, has their instances prepared and started,
//! watches them, and writes down what became of them.

mod admission;
pub(super) mod attach;
mod budget;
mod captures;
mod claims;
mod held;
mod holding;
mod host;
mod keep;
mod kept;
mod lab;
mod labs;
mod ledger;
mod life;
mod links;
mod one_clock;
mod orders;
mod queue;
mod registry;
mod room;
#[cfg(test)]
mod scripted_host;
mod serve;
mod spare;
mod spares;
mod standby;
mod term;

pub(super) use admission::Admission;
pub use budget::Budget;
pub(super) use claims::Claims;
pub(super) use held::{
    keep as keep_lab, log as log_of_lab, order as order_lab, remove as remove_lab,
};
pub(super) use host::Host;
pub(super) use keep::{keep, remove};
pub(super) use lab::serve as serve_lab;
pub(super) use labs::Labs;
pub use ledger::describe_log;
pub(super) use registry::Registry;
pub(super) use serve::serve;
pub(super) use spare::Spare;
pub(super) use spares::Spares;
