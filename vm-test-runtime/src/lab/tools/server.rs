//! Servers on nodes, which remember who came.

use super::super::handle::Node;
use super::endpoint::Listen;
use super::expected::Expected;
use super::line::Line;
use std::net::SocketAddr;
use std::ops::RangeBounds;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::tool::{Ask, Told, Tool};

/// A TCP server on a node that answers every connection alike. Dropped, it ends.
#[derive(Debug)]
#[must_use = "the server ends when this is dropped"]
pub struct TcpServer {
    line: Line,
    address: SocketAddr,
}

/// A server on a node that receives datagrams. Dropped, it ends.
#[derive(Debug)]
#[must_use = "the server ends when this is dropped"]
pub struct UdpServer {
    line: Line,
    address: SocketAddr,
}

/// A datagram that a server has received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// The sender.
    pub from: SocketAddr,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Node {
    /// Starts a TCP server on the node, which answers every connection with these bytes and closes
    /// it, whatever it is sent.
    ///
    /// It listens at a port on all networks, or at an address of the node with a port. When this
    /// returns, it accepts connections.
    ///
    /// # Panics
    /// If it cannot listen there.
    #[track_caller]
    pub fn tcp_server(&self, at: impl Listen, answer: impl Into<Vec<u8>>) -> TcpServer {
        let answer = answer.into();
        let tool = address_of(&at).map(|at| Tool::TcpServer { at, answer });
        match tool.and_then(|tool| serve(*self, tool)) {
            Ok((line, address)) => TcpServer { line, address },
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Starts a server on the node that receives datagrams.
    ///
    /// It listens at a port on all networks, or at an address of the node with a port. When this
    /// returns, it receives.
    ///
    /// # Panics
    /// If it cannot listen there.
    #[track_caller]
    pub fn udp_server(&self, at: impl Listen) -> UdpServer {
        let tool = address_of(&at).map(|at| Tool::UdpServer { at });
        match tool.and_then(|tool| serve(*self, tool)) {
            Ok((line, address)) => UdpServer { line, address },
            Err(failure) => panic!("{failure}"),
        }
    }
}

fn address_of(at: &impl Listen) -> Result<SocketAddr, Failure> {
    at.listen().map_err(|text| {
        Failure::new(format!(
            "cannot listen at `{text}`: it is no IP address with a port"
        ))
        .hint("name only the port, as in 80, or an address of the node, as in `10.1.0.2:80`")
    })
}

fn serve(node: Node, tool: Tool) -> Result<(Line, SocketAddr), Failure> {
    match Line::ready(node, tool)? {
        (line, Told::Ready(Some(address))) => Ok((line, address)),
        (line, told) => Err(line.unexpected(&Ok(told))),
    }
}

impl TcpServer {
    /// Returns the address that it listens at, with its port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns where its connections so far came from: the first 1000.
    ///
    /// # Panics
    /// If it has failed, or its node cannot be used.
    #[must_use]
    #[track_caller]
    pub fn connections(&self) -> Vec<SocketAddr> {
        match self.seen(&Ask::SoFar) {
            Ok((_, from)) => from,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Waits until as many connections have come as are expected, and no more come.
    ///
    /// # Panics
    /// If it is another number.
    #[track_caller]
    pub fn expect(&self, count: impl RangeBounds<u64>) {
        let expected = Expected::of(count);
        match self.seen(&expected.ask()) {
            Ok((count, from)) => assert!(
                expected.holds(count),
                "expected {expected} of connections to {}, but there were {count}, from {from:?}",
                self.address,
            ),
            Err(failure) => panic!("{failure}"),
        }
    }

    fn seen(&self, ask: &Ask) -> Result<(u64, Vec<SocketAddr>), Failure> {
        match self.line.ask(ask)? {
            Told::Connections { count, from } => Ok((count, from)),
            told => Err(self.line.unexpected(&Ok(told))),
        }
    }
}

impl UdpServer {
    /// Returns the address that it receives at, with its port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the datagrams that have come so far: the first 1000, or the first 128 KiB.
    ///
    /// # Panics
    /// If it has failed, or its node cannot be used.
    #[must_use]
    #[track_caller]
    pub fn received(&self) -> Vec<Datagram> {
        match self.seen(&Ask::SoFar) {
            Ok((_, datagrams)) => datagrams,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Waits until as many datagrams have come as are expected, and no more come; returns them, as
    /// [`UdpServer::received`] does.
    ///
    /// # Panics
    /// If it is another number.
    #[track_caller]
    pub fn expect(&self, count: impl RangeBounds<u64>) -> Vec<Datagram> {
        let expected = Expected::of(count);
        match self.seen(&expected.ask()) {
            Ok((count, datagrams)) if expected.holds(count) => datagrams,
            Ok((count, datagrams)) => panic!(
                "expected {expected} of datagrams to {}, but there were {count}:{}",
                self.address,
                shown(&datagrams)
            ),
            Err(failure) => panic!("{failure}"),
        }
    }

    fn seen(&self, ask: &Ask) -> Result<(u64, Vec<Datagram>), Failure> {
        match self.line.ask(ask)? {
            Told::Datagrams { count, first } => {
                let datagrams = first.into_iter().map(|datagram| Datagram {
                    from: datagram.from,
                    bytes: datagram.bytes,
                });
                Ok((count, datagrams.collect()))
            }
            told => Err(self.line.unexpected(&Ok(told))),
        }
    }
}

/// Returns lines that describe the first datagrams.
fn shown(datagrams: &[Datagram]) -> String {
    const MOST: usize = 32;
    let lines = datagrams.iter().take(MOST).map(|datagram| {
        let bytes = &datagram.bytes[..datagram.bytes.len().min(MOST)];
        format!("\n  {}: \"{}\"", datagram.from, bytes.escape_ascii())
    });
    lines.collect()
}
