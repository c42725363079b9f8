//! Tools of nodes: servers, clients, pings, sniffers, VLANs. The agent's program does the work on
//! the node, so no image needs a program for it; here are the handles, which undo it when they are
//! dropped.

mod client;
mod endpoint;
mod error;
mod expected;
mod filter;
mod http;
pub(super) mod line;
mod ping;
mod program;
mod server;
mod sniffer;
mod traceroute;
mod url;
mod vlan;

pub use client::{Connect, UdpSend};
pub use endpoint::{Endpoint, Listen};
pub use error::NetError;
pub use filter::{Filter, filter};
pub use http::Response;
pub use ping::{Ping, Pinging, Pings};
pub use server::{Datagram, TcpServer, UdpServer};
pub use sniffer::Sniffer;
pub use vlan::Vlan;
