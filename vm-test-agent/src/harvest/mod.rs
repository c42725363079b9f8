//! The files that a job leaves for the host. The host decides where they go.

mod counters;
mod find;
#[expect(
    clippy::module_inception,
    reason = "the module has the name of what it is about"
)]
mod harvest;
mod send;

pub(super) use harvest::Harvest;
