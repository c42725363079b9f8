//! The messages about labs: what a test process asks of the daemon, and what a test's body asks of
//! the other nodes. Plain data; what a call does, only the test binary knows.

use super::end::End;
use super::failure::Failure;
use super::order::{Done, Order};
use super::record::RunEntry;
use super::tool::Tool;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;

/// The node that the body of a test runs on if it names none: a container of guest `host`, on no
/// network.
pub const DRIVER: &str = "driver";

/// The largest argument or result of a call, in bytes.
pub const MOST_BYTES: usize = 512 << 10;

/// How much of a node's output goes into an answer, in bytes of each stream.
pub const MOST_OUTPUT: usize = 128 << 10;

/// How many questions a body may have asked without an answer so far.
pub const MOST_ASKED: usize = 64;

/// How many tasks a test may have that it has not waited for.
pub const MOST_TASKS: usize = 64;

/// How much of what a task says waits to be asked for, in bytes, before the oldest is lost.
pub const MOST_UNREAD: usize = 1 << 20;

/// A request for a lab.
///
/// The connection is the lab's: when it closes, the lab ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabRequest {
    /// The lab's name.
    pub lab: String,
    /// The node that the test's body runs on.
    pub node: String,
    /// The lab's nodes, all on one network; empty if `vm-test.toml` declares the lab.
    pub at_site: Vec<NodeAtSite>,
    /// The test binary: the next lab like this one is most likely for a test in it.
    pub program: String,
    /// The directory where the upward search for `vm-test.toml` begins.
    pub manifest_dir: String,
    /// The purpose of the lab, for messages.
    pub purpose: String,
    /// Present if the lab is for a test: where captures of its networks are written.
    pub entry: Option<RunEntry>,
    /// Present if the lab is for no test: how long it is then held. No body runs on `node`.
    pub hold: Option<Duration>,
}

/// A node of a lab that is declared at the site of its test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeAtSite {
    /// The node's name.
    pub name: String,
    /// The guest that it is a copy of.
    pub guest: String,
}

/// A granted lab: no node of it runs so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabLeased {
    /// Its own name, by which its nodes are leased.
    pub lab: String,
    /// Its nodes, the driver included if the test runs there.
    pub nodes: Vec<NodeEntry>,
}

/// A node of a lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeEntry {
    /// The node's name, which is its host name.
    pub name: String,
    /// The guest that it is a copy of.
    pub guest: String,
    /// Its links to networks, in the order of its interfaces.
    pub links: Vec<NodeLink>,
    /// Its addresses.
    pub addresses: Vec<NodeAddress>,
    /// Whether the lab starts without it: only the test switches it on.
    pub starts_off: bool,
}

/// A link of a node to a network, which need not have addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLink {
    /// The network's name.
    pub network: String,
    /// The name of the node's interface there.
    pub interface: String,
}

/// An address of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeAddress {
    /// The network's name.
    pub network: String,
    /// The name of the node's interface there.
    pub interface: String,
    /// The address.
    pub address: IpAddr,
}

/// Which node of which lab a lease is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeOfLab {
    /// The lab's own name, see [`LabLeased`].
    pub lab: String,
    /// The node's name.
    pub node: String,
}

/// What is asked about a lab that a test does not hold any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OfLab {
    /// Hold it. Its nodes have been kept one by one before.
    ///
    /// The holder's end of the lab's connection follows as a descriptor, and from then on the daemon
    /// is the holder.
    Keep,
    /// Change it, or write down what its networks carry.
    Order(Order),
    /// End the faults of a link that users have begun.
    Release {
        /// The node's name.
        node: String,
        /// The network's name.
        network: String,
    },
    /// End it.
    Remove,
}

/// A question of a test's body to the test process on the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its number, which the answer repeats.
    pub number: u64,
    /// The question.
    pub question: Question,
}

/// What a body may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// Which nodes there are, and which of them this is.
    Nodes,
    /// Run something on a node, and say how it ended.
    Run {
        /// The node's name.
        node: String,
        /// What is run there.
        work: Work,
    },
    /// Start something on a node: a task.
    ///
    /// The standard input of a command or tool stays open until [`Question::Input`] ends it. A
    /// task that still runs when the test ends is killed.
    Start {
        /// The node's name.
        node: String,
        /// What is run there.
        work: Work,
    },
    /// Wait for the next that a task says: a frame of a tool, a line of anything else.
    ///
    /// If more than [`MOST_UNREAD`] of it has not been asked for, the next answer says how much was
    /// lost.
    Next {
        /// The number of the task.
        task: u64,
    },
    /// Give a task more of its standard input.
    Input {
        /// The number of the task.
        task: u64,
        /// The bytes.
        #[serde(with = "super::bytes")]
        bytes: Vec<u8>,
        /// Whether that is all.
        ends: bool,
    },
    /// Wait until a task has ended, and say how. Afterwards there is no such task any more.
    Finish {
        /// The number of the task.
        task: u64,
        /// Whether it is killed first.
        kill: bool,
    },
    /// Change the lab.
    Order(Order),
    /// Whether a node is on.
    IsOn {
        /// The node's name.
        node: String,
    },
}

/// What runs on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// A function of the test binary with its argument, as the test binary encodes both.
    Call(#[serde(with = "super::bytes")] Vec<u8>),
    /// A program of the node with its arguments, and what it gets on standard input.
    Command {
        /// The program and its arguments.
        words: Vec<Vec<u8>>,
        /// Its standard input.
        #[serde(with = "super::bytes")]
        input: Vec<u8>,
    },
    /// Something that the agent does itself.
    Tool(Box<Tool>),
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The number of the question.
    pub number: u64,
    /// The answer.
    pub answer: Answer,
}

/// What the test process on the host answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The nodes, and the name of the one that asks.
    Nodes {
        /// All nodes.
        nodes: Vec<NodeEntry>,
        /// The name of the node that asks.
        own: String,
    },
    /// What ran on the node has ended.
    Ran(Box<Ran>),
    /// The task of this number has started.
    Started(u64),
    /// What a task says next: a line without its end, or a whole frame with its length.
    Next(#[serde(with = "super::bytes")] Vec<u8>),
    /// The task has closed its standard output.
    NoMore,
    /// The task has this input.
    Taken,
    /// What has come of a change.
    Done(Done),
    /// Whether the node is on.
    IsOn(bool),
    /// Nothing of it has run, or it is not known how it ended.
    Refused(Failure),
}

/// How something on a node has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// How its process ended.
    pub end: End,
    /// What a call returned, as the test binary encodes it, or why it returned nothing.
    pub returned: Option<Returned>,
    /// The end of its standard output.
    #[serde(with = "super::bytes")]
    pub stdout: Vec<u8>,
    /// The end of its standard error.
    #[serde(with = "super::bytes")]
    pub stderr: Vec<u8>,
    /// How many bytes of output are not in this answer.
    pub dropped_bytes: u64,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Returned {
    /// It returned this, as the test binary encodes it.
    Value(#[serde(with = "super::bytes")] Vec<u8>),
    /// It panicked.
    Panicked {
        /// The message, if the payload was a string.
        message: Option<String>,
        /// `file:line:column` of the panic.
        location: Option<String>,
    },
    /// It was not called, or its result cannot be sent, for this reason.
    Failed(String),
}
