//! The routers on the way from a node to an address.

use super::super::handle::Node;
use super::line::Line;
use std::net::IpAddr;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::tool::{Told, Tool};

/// The longest way that is looked at.
const HOPS: u8 = 30;

/// How long each answer may take.
const WITHIN: Duration = Duration::from_secs(1);

impl Node {
    /// Returns the routers on the way from the node to an address or a name, and the address itself
    /// if it was reached; `None` is a router that did not answer.
    ///
    /// It ends after three in a row that did not answer.
    ///
    /// # Panics
    /// If the node cannot be used, or does not know the name.
    #[must_use]
    #[track_caller]
    pub fn traceroute(&self, to: impl ToString) -> Vec<Option<IpAddr>> {
        match trace(*self, to.to_string()) {
            Ok(hops) => hops,
            Err(failure) => panic!("{failure}"),
        }
    }
}

fn trace(node: Node, to: String) -> Result<Vec<Option<IpAddr>>, Failure> {
    let tool = Tool::Traceroute {
        to,
        hops: HOPS,
        within: WITHIN,
    };
    let line = Line::open(node, tool)?;
    match line.told()? {
        Ok(Told::Way(hops)) => Ok(hops),
        said => Err(line.unexpected(&said)),
    }
}
