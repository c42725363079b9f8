//! A toxic as somebody asks for it: its name, its direction, how many connections it acts on. It
//! does not know the connections.

use std::fmt;

use super::kind::Kind;

/// The direction that a toxic acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From the client to the server.
    Upstream,
    /// From the server to the client.
    Downstream,
}

impl Direction {
    /// Returns the direction of this name, in whatever case it is written.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "upstream" => Some(Self::Upstream),
            "downstream" => Some(Self::Downstream),
            _ => None,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Upstream => "upstream",
            Self::Downstream => "downstream",
        })
    }
}

/// A fault of connections, in one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Toxic {
    /// Its name, unique among the toxics of a proxy.
    pub name: String,
    /// What it does.
    pub kind: Kind,
    /// Where it does so.
    pub direction: Direction,
    /// The share of connections that it acts on, from 0 to 1.
    ///
    /// Whether it acts on a connection is drawn once for each connection.
    pub toxicity: f32,
}

impl Toxic {
    /// Returns a toxic for every connection, named as Toxiproxy names it: `latency_downstream`.
    pub fn new(kind: Kind, direction: Direction) -> Self {
        Self {
            name: format!("{}_{direction}", kind.name()),
            kind,
            direction,
            toxicity: 1.0,
        }
    }
}
