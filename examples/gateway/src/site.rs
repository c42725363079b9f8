//! The site that this gateway is for: where its servers are, and its rules. Plain data.

use crate::rule::Rule::{self, Block, Forward, Pass};
use crate::rule::Transport::{Tcp, Udp};
use std::net::{Ipv4Addr, SocketAddrV4};

/// Where the servers behind the gateway are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// The server with the site.
    pub server: Ipv4Addr,
    /// The server with what the site used to be.
    pub archive: Ipv4Addr,
}

/// Returns the rules of this site, one in each line. The first that matches counts.
#[must_use]
#[rustfmt::skip]
pub fn rules(site: &Site) -> Vec<Rule> {
    let to = SocketAddrV4::new;
    vec![
        Forward(80, to(site.server, 88)),
        Forward(44444, to(site.archive, 88)),
        Forward(88, to(site.server, 88)),
        Block(Tcp, 7005),
        Pass(Tcp, 7000, 7009),
        Block(Udp, 5005),
        Pass(Udp, 5000, 5009),
    ]
}
