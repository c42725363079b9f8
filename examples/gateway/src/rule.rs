//! What a gateway does with packets, one kind for each rule. Plain data; knows no firewall.

use std::net::SocketAddrV4;

/// The protocol of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// What is done with the packets of some ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// TCP connections to this port of the gateway lead to a server.
    Forward(u16, SocketAddrV4),
    /// What is for these ports of any server passes: the first and the last.
    Pass(Transport, u16, u16),
    /// What is for this port does not pass, although a later rule would let it. The sender is told.
    Block(Transport, u16),
}
