//! Clients on nodes: a TCP connection, and datagrams.

use super::super::handle::Node;
use super::endpoint::Endpoint;
use super::error::NetError;
use super::line::Line;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::tool::{Told, Tool};

/// The time limit of an exchange, unless the test sets another one.
pub(super) const WITHIN: Duration = Duration::from_secs(5);

/// A TCP connection that is to be made from a node.
#[derive(Clone, Debug)]
#[must_use = "nothing connects until the reply is asked for"]
pub struct Connect {
    node: Node,
    to: String,
    send: Vec<u8>,
    within: Duration,
}

/// Datagrams that are to be sent from a node.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until this is told to"]
pub struct UdpSend {
    node: Node,
    to: String,
    bytes: Vec<u8>,
    count: u32,
    from_port: u16,
}

impl Node {
    /// Prepares a TCP connection from the node.
    pub fn connect(&self, to: impl Endpoint) -> Connect {
        Connect {
            node: *self,
            to: to.endpoint(),
            send: Vec::new(),
            within: WITHIN,
        }
    }

    /// Prepares a datagram from the node.
    pub fn udp_send(&self, to: impl Endpoint, bytes: impl Into<Vec<u8>>) -> UdpSend {
        UdpSend {
            node: *self,
            to: to.endpoint(),
            bytes: bytes.into(),
            count: 1,
            from_port: 0,
        }
    }
}

impl Connect {
    /// Sends these bytes, at most 255 KiB, once there is a connection; without this nothing but its
    /// end.
    pub fn send(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.send = bytes.into();
        self
    }

    /// Sets the time limit of all of it; without this, 5 seconds.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// Connects, sends, and returns what comes until the other side closes the connection.
    ///
    /// # Panics
    /// If the network does not let it, or the node cannot be used.
    #[track_caller]
    pub fn reply(self) -> Vec<u8> {
        let (node, to) = (self.node.name(), self.to.clone());
        match self.exchange() {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) => panic!("cannot get a reply of {to} (node `{node}`): {error}"),
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Connects, sends, and returns what comes until the other side closes the connection.
    ///
    /// # Errors
    /// If the network does not let it.
    ///
    /// # Panics
    /// If the node cannot be used, or does not know the name.
    #[track_caller]
    pub fn try_reply(self) -> Result<Vec<u8>, NetError> {
        match self.exchange() {
            Ok(reply) => reply,
            Err(failure) => panic!("{failure}"),
        }
    }

    fn exchange(self) -> Result<Result<Vec<u8>, NetError>, Failure> {
        let tool = Tool::Connect {
            to: self.to,
            send: self.send,
            within: self.within,
        };
        let told = Line::run(self.node, tool)?;
        Ok(told.map(|told| bytes_of(&told)))
    }
}

/// Returns the bytes of what a tool said.
pub(super) fn bytes_of(told: &[Told]) -> Vec<u8> {
    let pieces = told.iter().filter_map(|told| match told {
        Told::Bytes(bytes) => Some(&bytes[..]),
        _ => None,
    });
    pieces.collect::<Vec<_>>().concat()
}

impl UdpSend {
    /// Sends so many, one after the other; without this, one.
    pub fn count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// Sends from this port; without this, from any free one.
    pub fn from_port(mut self, port: u16) -> Self {
        self.from_port = port;
        self
    }

    /// Sends them.
    ///
    /// # Panics
    /// If the network does not let it, or the node cannot be used.
    #[track_caller]
    pub fn send(self) {
        let (node, to) = (self.node.name(), self.to.clone());
        match self.sent() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("cannot send to {to} (node `{node}`): {error}"),
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Sends them.
    ///
    /// # Errors
    /// If the node's own network does not let it. What becomes of them on the way is not known.
    ///
    /// # Panics
    /// If the node cannot be used, does not know the name, or has nothing to send from.
    #[track_caller]
    pub fn try_send(self) -> Result<(), NetError> {
        match self.sent() {
            Ok(sent) => sent,
            Err(failure) => panic!("{failure}"),
        }
    }

    fn sent(self) -> Result<Result<(), NetError>, Failure> {
        let tool = Tool::UdpSend {
            to: self.to,
            bytes: self.bytes,
            count: self.count,
            from_port: self.from_port,
        };
        Ok(Line::run(self.node, tool)?.map(drop))
    }
}
