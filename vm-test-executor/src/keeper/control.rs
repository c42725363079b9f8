//! Where a keeper finds its connection to the daemon.

/// The descriptor of the connection to the daemon.
pub(super) const CONTROL: i32 = 3;
