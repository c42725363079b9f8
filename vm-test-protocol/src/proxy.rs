//! The proxy before a port of a node, as a test orders it, and what it tells of itself. Plain data:
//! what the names mean, only the proxy knows.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many rules a proxy may have.
pub const MOST_RULES: usize = 16;

/// How many proxies a lab may have at a time.
pub const MOST_PROXIES: usize = 16;

/// How many of the last events a report has.
pub const MOST_EVENTS: usize = 500;

/// A proxy that takes the place of a TCP port of a node, for all other nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortProxy {
    /// The node's name.
    pub node: String,
    /// The port.
    pub port: u16,
    /// What it carries.
    pub behavior: ProxySettings,
}

/// What a proxy carries, and what it does to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxySettings {
    /// The name of the protocol, as in `redis`.
    pub protocol: String,
    /// Its rules. For each exchange, the first one counts that chooses a behavior.
    pub rules: Vec<ProxyRule>,
    /// What all draws follow from.
    pub seed: u64,
}

/// Which exchanges get which behavior.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyRule {
    /// What is done.
    pub action: ProxyAction,
    /// To how many of 100,000 matching exchanges.
    pub share: u32,
    /// To which of the exchanges with a matching name.
    pub which: Which,
    /// The names of requests, as in `SET` or `GET /api/*`; all if there is none.
    pub requests: Option<String>,
}

/// What a proxy does to an exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProxyAction {
    /// Answers with an error of the protocol.
    Error {
        /// The error in the protocol's words; if there is none, one of its usual errors.
        code: Option<String>,
        /// The text behind it, if not the protocol's own.
        text: Option<String>,
    },
    /// Waits before the server gets the request, or before the client gets the reply.
    Delay {
        /// How long.
        time: Duration,
        /// Whether the request waits, not the reply.
        request: bool,
    },
    /// Never answers.
    Hang,
    /// Closes the client's connection before the server gets anything.
    Blackout,
    /// Closes the server's connection between the request and the reply.
    Abort,
}

/// Which of the exchanges with a matching name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    /// All.
    All,
    /// The first so many.
    First(u64),
    /// Each one whose number, from 1, is a multiple of this.
    Every(u64),
    /// The one with this number, from 1.
    Only(u64),
}

/// What a proxy has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyReport {
    /// How many connections it has carried.
    pub connections: u64,
    /// How many exchanges it has carried that a rule could choose.
    pub exchanges: u64,
    /// For how many of them a rule has chosen a behavior.
    pub hits: u64,
    /// The last of these, oldest first.
    pub events: Vec<ProxyEvent>,
    /// Why connections were closed that carried something else than the protocol.
    pub violations: Vec<String>,
}

/// An exchange that a behavior was chosen for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyEvent {
    /// The number of the exchange, from 1.
    pub ordinal: u64,
    /// The number of its connection, from 1.
    pub connection: u64,
    /// The time since the proxy has begun.
    pub after: Duration,
    /// The request's name.
    pub request: String,
    /// The behavior's name.
    pub behavior: String,
    /// What came of it.
    pub outcome: String,
}
