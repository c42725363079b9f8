//! What all leases of a daemon share.

use super::super::gate::Gate;
use super::super::prepare::Tools;
use super::admission::Admission;
use super::failed_set_ups::FailedSetUps;
use super::labs::Labs;
use super::registry::Registry;
use super::spare::Spare;
use super::spare_lab::{LabKind, SpareLab};
use super::spares::Spares;

/// The daemon, as a lease sees it.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) gate: Gate,
    pub(crate) admission: Admission,
    pub(crate) registry: Registry,
    pub(crate) labs: Labs,
    pub(crate) failed_set_ups: FailedSetUps,
    pub(crate) spares: Spares<Spare>,
    pub(crate) spare_labs: Spares<SpareLab, LabKind>,
    pub(crate) tools: Tools,
}

impl Host {
    /// Ends all that was started ahead and that no lease waits for, because its memory is needed.
    pub(crate) fn end_spares(&self) {
        self.spares.clear();
        self.spare_labs.clear();
    }

    /// Ends what was started ahead and was not taken in time, or is dead.
    pub(crate) fn expire_spares(&self) {
        self.spares.expire(Spare::is_alive);
        self.spare_labs.expire(SpareLab::is_alive);
    }

    /// Returns how many VMs were started ahead and are ready, those of labs included.
    pub(crate) fn spares_ready(&self) -> usize {
        self.spares.count() + self.spare_labs.sum(SpareLab::vms)
    }
}
