//! A port of a guest that the host has, as the daemon tells the client. Opens none.

use serde::{Deserialize, Serialize};
use std::net::SocketAddrV4;

/// A TCP port of a guest, and where the host has it while the instance lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// The port in the guest.
    pub port: u16,
    /// The address and the port on the host.
    pub at: SocketAddrV4,
}
