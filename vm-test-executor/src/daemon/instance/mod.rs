//! One instance: its keeper's process, what it has outside its namespaces, and its end. Knows no
//! lease, and nothing of what an instance is made of.

pub(super) mod boots;
pub(super) mod cgroup;
mod console;
pub(super) mod delegation;
mod devices;
mod ending;
mod event;
mod handing;
#[expect(
    clippy::module_inception,
    reason = "the storey has the name of what it is about"
)]
mod instance;
mod keeper_exit;
mod lab;
mod lab_networks;
pub(super) mod loops;
mod outfit;
mod own_link;
mod parent;
mod refusal;
#[cfg(test)]
pub(super) mod scripted_keeper;
mod spawner;
mod taps;

pub(super) use cgroup::{Limits, OomWatch};
pub(super) use console::{Console, TimedLine};
pub(super) use delegation::Delegation;
pub(super) use devices::Devices;
pub(super) use event::Event;
pub(super) use instance::{Belongings, Instance};
pub(super) use lab::LabKeeper;
pub(super) use own_link::OwnLink;
pub(super) use parent::Parent;
pub(super) use refusal::cannot;
pub use spawner::try_namespaces;
pub(super) use spawner::{Orders, Spawner, spawner};
