//! Memory and processors that others have.

use super::error::{NodeFaultError, or_panic};
use super::place::NodeFaults;
use super::standing::NodeFault;
use vm_test_protocol::node_fault::NodeFault as Wanted;

impl NodeFaults {
    /// Takes this much of the guest's memory.
    ///
    /// It belongs to no process: if the rest runs out, the kernel kills others. What takes more
    /// than the rest of a container's memory, other than a VM's, is not refused but kills at once.
    ///
    /// # Panics
    /// If there is less: see [`NodeFaults::try_memory_pressure`].
    #[track_caller]
    pub fn memory_pressure(&self, bytes: u64) -> NodeFault {
        or_panic(self.try_memory_pressure(bytes))
    }

    /// Takes memory, as [`NodeFaults::memory_pressure`] does.
    ///
    /// # Errors
    /// If a VM would not have 16 MiB left.
    pub fn try_memory_pressure(&self, bytes: u64) -> Result<NodeFault, NodeFaultError> {
        self.begin(Wanted::Memory { bytes })
    }

    /// Has other work take the processors, so that a program gets about this much of the time of
    /// one, in percent.
    ///
    /// In a VM the work goes before everything else for the rest of the time. In a container it
    /// competes: a program with several threads gets more, and other guests of the host get less.
    ///
    /// # Panics
    /// If it is not from 2 to 99 percent: see [`NodeFaults::try_cpu_starved`].
    #[track_caller]
    pub fn cpu_starved(&self, left_percent: u8) -> NodeFault {
        or_panic(self.try_cpu_starved(left_percent))
    }

    /// Has other work take the processors, as [`NodeFaults::cpu_starved`] does.
    ///
    /// # Errors
    /// If it is not from 2 to 99 percent.
    pub fn try_cpu_starved(&self, left_percent: u8) -> Result<NodeFault, NodeFaultError> {
        self.begin(Wanted::Cpu { left: left_percent })
    }
}
