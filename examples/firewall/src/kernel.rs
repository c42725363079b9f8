//! The file by which the kernel is told what to do with packets.

/// The switch that makes the kernel pass packets on from one interface to another.
pub(crate) const IP_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";
