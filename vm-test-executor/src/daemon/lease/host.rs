//! What all leases of a daemon share.

use super::super::gate::Gate;
use super::super::prepare::Tools;
use super::admission::Admission;
use super::labs::Labs;
use super::registry::Registry;
use super::spare::Spare;
use super::spares::Spares;

/// The daemon, as a lease sees it.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) gate: Gate,
    pub(crate) admission: Admission,
    pub(crate) registry: Registry,
    pub(crate) labs: Labs,
    pub(crate) spares: Spares<Spare>,
    pub(crate) tools: Tools,
}
