//! A clock that is wrong, or runs at a wrong rate.

use super::error::{NodeFaultError, or_panic};
use super::place::NodeFaults;
use super::standing::NodeFault;
use std::time::Duration;
use vm_test_protocol::node_fault::NodeFault as Wanted;

impl NodeFaults {
    /// Sets the clock forward by so much. It is set back by as much when the guard is dropped.
    ///
    /// # Panics
    /// If this is a container: see [`NodeFaults::try_clock_ahead`].
    #[track_caller]
    pub fn clock_ahead(&self, by: Duration) -> NodeFault {
        or_panic(self.try_clock_ahead(by))
    }

    /// Sets the clock forward, as [`NodeFaults::clock_ahead`] does.
    ///
    /// # Errors
    /// If this is a container, whose clock is the host's.
    pub fn try_clock_ahead(&self, by: Duration) -> Result<NodeFault, NodeFaultError> {
        let is_back = false;
        self.begin(Wanted::ClockStep { by, is_back })
    }

    /// Sets the clock back by so much. It is set forward by as much when the guard is dropped.
    ///
    /// # Panics
    /// If this is a container: see [`NodeFaults::try_clock_behind`].
    #[track_caller]
    pub fn clock_behind(&self, by: Duration) -> NodeFault {
        or_panic(self.try_clock_behind(by))
    }

    /// Sets the clock back, as [`NodeFaults::clock_behind`] does.
    ///
    /// # Errors
    /// If this is a container, whose clock is the host's, or the clock would be before 1970.
    pub fn try_clock_behind(&self, by: Duration) -> Result<NodeFault, NodeFaultError> {
        let is_back = true;
        self.begin(Wanted::ClockStep { by, is_back })
    }

    /// Has the clock run too fast by so many millionths, or too slowly if they are negative: at
    /// most 100,000, which is a tenth. At the end it loses what it was ahead, too.
    ///
    /// The monotonic clock runs at the same rate, as it does where NTP changes it.
    ///
    /// # Panics
    /// If this is a container: see [`NodeFaults::try_clock_skew`].
    #[track_caller]
    pub fn clock_skew(&self, millionths: i32) -> NodeFault {
        or_panic(self.try_clock_skew(millionths))
    }

    /// Changes the rate of the clock, as [`NodeFaults::clock_skew`] does.
    ///
    /// # Errors
    /// If this is a container, whose clock is the host's, or it would be off by more than a tenth.
    pub fn try_clock_skew(&self, millionths: i32) -> Result<NodeFault, NodeFaultError> {
        self.begin(Wanted::ClockSkew { millionths })
    }
}
