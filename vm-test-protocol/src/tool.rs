//! The tools of a node: what the agent does there for a test, so that no image needs a program for
//! it. A tool is a job of its own: its standard input is a frame with the [`Tool`] and then frames
//! of [`Ask`], and its standard output is frames of [`Told`]. One that goes on until it is ended
//! ends at the end of its input, and undoes what it has done.

use super::failure::Failure;
pub use super::filter::Filter;
use super::node_fault::{NodeFault, Unable};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The first argument of the agent's program if it is a tool.
pub const TOOL: &str = "__tool";

/// The most echo requests of one series.
pub const MOST_ECHOES: u32 = 10_000;

/// The longest answer that is read from a server, in bytes.
pub const LONGEST_ANSWER: usize = 16 << 20;

/// The most bytes of a [`Told::Bytes`].
pub const PIECE: usize = 1 << 16;

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
    /// Receive datagrams at this address.
    UdpServer {
        /// The address; port 0 is any free one.
        at: SocketAddr,
    },
    /// Connect to this address, send these bytes, and read to the end.
    Connect {
        /// The address and the port, as in `10.1.0.2:80`; the node finds names.
        to: String,
        /// What is sent.
        #[serde(with = "super::bytes")]
        send: Vec<u8>,
        /// The time limit of all of it.
        within: Duration,
    },
    /// Send datagrams.
    UdpSend {
        /// The address and the port; the node finds names.
        to: String,
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
        /// The address and the port of the server; the node finds names.
        to: String,
        /// The name in the `Host` field.
        host: String,
        /// The path, and what follows it.
        path: String,
        /// The time limit of all of it.
        within: Duration,
    },
    /// Send echo requests.
    Ping {
        /// The address; the node finds names.
        to: String,
        /// How many; at most [`MOST_ECHOES`] are sent.
        count: u32,
        /// The time from one to the next.
        interval: Duration,
        /// How long each answer may take.
        within: Duration,
    },
    /// Find the routers on the way to an address.
    Traceroute {
        /// The address; the node finds names.
        to: String,
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
    /// Have a fault until the tool ends.
    Fault(NodeFault),
}

/// What a tool that goes on is asked, and answers with what it has seen so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Say it at once.
    SoFar,
    /// Say it once as much has come as is expected, and no more comes.
    Settle {
        /// How many are expected at least.
        least: u64,
        /// How many are expected at most.
        most: Option<u64>,
        /// How long to wait for the least.
        patience: Duration,
        /// After how long without another one no more are expected.
        quiet: Duration,
    },
    /// Have these requests of a disk fail from now on, and say how many have failed so far.
    Fail {
        /// Whether reads fail.
        reads: bool,
        /// Whether writes fail.
        writes: bool,
    },
}

/// What a tool says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// It is ready: the server listens, the sniffer watches, the interface is up. The address is the
    /// server's own.
    Ready(Option<SocketAddr>),
    /// A piece of what was read or answered.
    Bytes(#[serde(with = "super::bytes")] Vec<u8>),
    /// The status of an HTTP answer, whose body follows.
    Status(u16),
    /// The answers to echo requests so far.
    Echoes(Echoes),
    /// The routers on the way, and at the end the address itself if it was reached; `None` is one
    /// that did not answer.
    Way(Vec<Option<IpAddr>>),
    /// The connections so far.
    Connections {
        /// How many.
        count: u64,
        /// Where the first of them came from.
        from: Vec<SocketAddr>,
    },
    /// The datagrams so far.
    Datagrams {
        /// How many.
        count: u64,
        /// The first of them.
        first: Vec<Datagram>,
    },
    /// The frames so far.
    Frames(Frames),
    /// The fault is there; these processes have it, if it is about processes.
    Faulted(Vec<u32>),
    /// How many requests of a disk have failed so far.
    Requests(u64),
    /// This guest cannot have the fault.
    Unable(Unable),
    /// The network did not let it.
    Hindered(Hindrance),
    /// It has done everything.
    Over,
    /// It cannot do it, for this reason.
    Failed(Failure),
}

/// A datagram that a server has received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datagram {
    /// The sender.
    pub from: SocketAddr,
    /// Its content.
    #[serde(with = "super::bytes")]
    pub bytes: Vec<u8>,
}

/// What has come of echo requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echoes {
    /// How long the answer to each request took, by the number of the request; `None` if there was
    /// none so far.
    pub times: Vec<Option<Duration>>,
    /// The last error, of this system or of a router.
    pub trouble: Option<String>,
}

/// What a sniffer has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frames {
    /// How many frames matched.
    pub count: u64,
    /// The first of them, in words.
    pub first: Vec<String>,
    /// How many others there were.
    pub others: u64,
    /// The last of the others, in words.
    pub last_others: Vec<String>,
    /// How many frames it could not look at.
    pub lost: u64,
}

/// Why the network did not let something happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hindrance {
    /// The other side refused the connection.
    Refused,
    /// The other side, or something in between, broke the connection.
    Reset,
    /// There is no way to the address.
    Unreachable(String),
    /// Nothing came within the time limit.
    TimedOut {
        /// Whether there was a connection.
        is_connected: bool,
        /// What had come by then.
        #[serde(with = "super::bytes")]
        received: Vec<u8>,
    },
    /// The answer is none of the protocol, or too long.
    Unusable(String),
    /// Anything else.
    Other(String),
}
