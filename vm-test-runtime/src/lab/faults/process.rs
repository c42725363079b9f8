//! Processes that are killed, stand still, or are slow.

use super::error::{NodeFaultError, or_panic};
use super::place::NodeFaults;
use super::standing::NodeFault;
use vm_test_protocol::node_fault::{NodeFault as Wanted, Which};

/// The signal that ends a process at once.
const KILL: i32 = 9;

/// Which processes of a node are meant: all that run a program, by its name, or the one with a
/// number.
pub trait Processes {
    /// Returns which they are.
    #[doc(hidden)]
    fn which(self) -> Which;
}

impl Processes for &str {
    fn which(self) -> Which {
        Which::Named(self.to_owned())
    }
}

impl Processes for String {
    fn which(self) -> Which {
        Which::Named(self)
    }
}

impl Processes for u32 {
    fn which(self) -> Which {
        Which::Number(self)
    }
}

impl NodeFaults {
    /// Kills processes, and waits until they are gone; returns their numbers.
    ///
    /// Nothing brings them back: if something is to, as systemd does, that is what a test looks at.
    ///
    /// # Panics
    /// If there are none: see [`NodeFaults::try_signal_process`].
    #[track_caller]
    pub fn kill_process(&self, which: impl Processes) -> Vec<u32> {
        or_panic(self.try_signal_process(which, KILL))
    }

    /// Sends processes a signal by its number, as in 15 for SIGTERM; returns their numbers.
    ///
    /// # Panics
    /// If there are none: see [`NodeFaults::try_signal_process`].
    #[track_caller]
    pub fn signal_process(&self, which: impl Processes, signal: i32) -> Vec<u32> {
        or_panic(self.try_signal_process(which, signal))
    }

    /// Sends processes a signal, as [`NodeFaults::signal_process`] does.
    ///
    /// # Errors
    /// If there are no such processes, or no such signal, or what SIGKILL was sent to does not end.
    /// The test's own process and those of vm-test are never meant.
    pub fn try_signal_process(
        &self,
        which: impl Processes,
        signal: i32,
    ) -> Result<Vec<u32>, NodeFaultError> {
        let which = which.which();
        let sent = self.begin(Wanted::Signalled { which, signal })?;
        let processes = sent.processes().to_vec();
        sent.try_end()?;
        Ok(processes)
    }

    /// Has processes stand still until the guard is dropped. Their connections stay open.
    ///
    /// # Panics
    /// If there are none: see [`NodeFaults::try_pause_process`].
    #[track_caller]
    pub fn pause_process(&self, which: impl Processes) -> NodeFault {
        or_panic(self.try_pause_process(which))
    }

    /// Has processes stand still, as [`NodeFaults::pause_process`] does.
    ///
    /// # Errors
    /// If there are no such processes. The test's own process and those of vm-test are never meant.
    pub fn try_pause_process(&self, which: impl Processes) -> Result<NodeFault, NodeFaultError> {
        self.try_slow_process(which, 0)
    }

    /// Has processes run only so much of the time, in percent, in turns of a tenth of a second.
    ///
    /// # Panics
    /// If there are none: see [`NodeFaults::try_slow_process`].
    #[track_caller]
    pub fn slow_process(&self, which: impl Processes, running_percent: u8) -> NodeFault {
        or_panic(self.try_slow_process(which, running_percent))
    }

    /// Slows processes down, as [`NodeFaults::slow_process`] does.
    ///
    /// # Errors
    /// If there are no such processes, or they would run all of the time.
    pub fn try_slow_process(
        &self,
        which: impl Processes,
        running_percent: u8,
    ) -> Result<NodeFault, NodeFaultError> {
        let (which, running) = (which.which(), running_percent);
        self.begin(Wanted::Stopped { which, running })
    }
}
