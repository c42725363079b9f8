//! The tools of a node: what the agent does there for a test, so that no image needs a program for
//! it. A tool is a job of its own, whose standard output is frames of [`Told`].

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The first argument of the agent's program if it is a tool; its standard input is a frame with
/// the [`Tool`].
pub const TOOL: &str = "__tool";

/// What a tool is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tool {
    /// Write this to a file, whose directory is there.
    Write {
        /// The path.
        path: String,
        /// The permissions of a new file.
        mode: u32,
        /// Whether the bytes are added to the end of what is there.
        append: bool,
        /// The bytes.
        #[serde(with = "super::bytes")]
        bytes: Vec<u8>,
    },
    /// Read a file, as a series of [`Told::Bytes`].
    Read {
        /// The path.
        path: String,
    },
    /// Have an interface for a VLAN until the tool ends.
    Vlan {
        /// The interface that carries its frames.
        interface: String,
        /// The VLAN's id.
        id: u16,
        /// The address of the interface, with the length of its network's prefix.
        address: (IpAddr, u8),
    },
    /// Answer TCP connections to this address with these bytes, and close them.
    TcpServer {
        /// The address; port 0 is any free one.
        at: SocketAddr,
        /// The answer.
        #[serde(with = "super::bytes")]
        answer: Vec<u8>,
    },
    /// Receive datagrams at this address, and answer each with itself if that is wanted.
    UdpServer {
        /// The address; port 0 is any free one.
        at: SocketAddr,
        /// Whether datagrams are sent back.
        echo: bool,
    },
    /// Connect to this address, send these bytes, and read to the end.
    Connect {
        /// The address.
        to: SocketAddr,
        /// What is sent.
        #[serde(with = "super::bytes")]
        send: Vec<u8>,
        /// The time limit of all of it.
        within: Duration,
    },
    /// Send datagrams.
    UdpSend {
        /// The address.
        to: SocketAddr,
        /// The bytes of each.
        #[serde(with = "super::bytes")]
        bytes: Vec<u8>,
        /// How many.
        count: u32,
        /// The port to send from; 0 is any free one.
        from_port: u16,
    },
    /// Ask an HTTP server for a page.
    HttpGet {
        /// The server.
        to: SocketAddr,
        /// The name in the `Host` field.
        host: String,
        /// The path.
        path: String,
        /// The time limit of all of it.
        within: Duration,
    },
    /// Send echo requests.
    Ping {
        /// The address.
        to: IpAddr,
        /// How many.
        count: u32,
        /// The time between two.
        interval: Duration,
        /// How long each may take.
        within: Duration,
    },
    /// Find the routers on the way to an address.
    Traceroute {
        /// The address.
        to: IpAddr,
        /// The longest way.
        hops: u8,
        /// How long each answer may take.
        within: Duration,
    },
    /// Watch the frames that match a filter.
    Sniff {
        /// The interface.
        interface: String,
        /// The filter.
        filter: Filter,
    },
}

/// Which frames a sniffer counts: those that match everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// The id of the VLAN; `Some(None)` is a frame without a tag.
    pub vlan: Option<Option<u16>>,
    /// The number of the protocol above IP: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6.
    pub protocol: Option<u8>,
    /// The sender.
    pub source: Option<IpAddr>,
    /// The receiver.
    pub destination: Option<IpAddr>,
    /// The sender's port.
    pub source_port: Option<u16>,
    /// The receiver's port.
    pub destination_port: Option<u16>,
    /// Bytes that the payload has in it.
    #[serde(with = "super::bytes")]
    pub contains: Vec<u8>,
}

/// What a tool says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// It is ready: the server listens, the sniffer watches, the interface is up. The address is the
    /// server's own.
    Ready(Option<SocketAddr>),
    /// A piece of what was read, received, or answered.
    Bytes(#[serde(with = "super::bytes")] Vec<u8>),
    /// A datagram or connection came from this address; the bytes are the datagram's.
    From(SocketAddr, #[serde(with = "super::bytes")] Vec<u8>),
    /// The status of an HTTP answer.
    Status(u16),
    /// An answer to an echo request, or none: its number, and how long it took.
    Echo(u32, Option<Duration>),
    /// A router on the way, or one that did not answer.
    Hop(u8, Option<IpAddr>),
    /// A frame that matches: its first bytes.
    Frame(#[serde(with = "super::bytes")] Vec<u8>),
    /// It has done everything.
    Over,
    /// It cannot go on, for this reason.
    Failed(String),
}
