//! The file that controls whether the kernel forwards packets.

/// The switch that makes the kernel forward packets between interfaces.
pub(crate) const IP_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";
