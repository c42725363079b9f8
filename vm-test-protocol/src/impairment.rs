//! What may be done to the packets of a link: to which of them, what, and what has come of it. Plain
//! data; the limits here are checked by those who receive it.

use super::filter::Filter;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The chance of something that always happens, in millionths.
pub const CERTAIN: u32 = 1_000_000;

/// How many packets wait in one direction of a link unless something else is said.
pub const USUAL_LIMIT: u32 = 1000;

/// How many packets wait there at most.
pub const MOST_LIMIT: u32 = 100_000;

/// The longest delay.
pub const LONGEST_DELAY: Duration = Duration::from_secs(3600);

/// The lowest rate, in bits per second.
pub const LEAST_RATE: u64 = 1000;

/// How many events are kept: the first ones.
pub const MOST_EVENTS: usize = 256;

/// Something that is done to packets of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impairment {
    /// What the packets are.
    pub packets: Filter,
    /// Which of those, in the order in which they come.
    pub which: Which,
    /// With which chance it is done to each of those, in millionths.
    pub chance: u32,
    /// What is done.
    pub action: Action,
    /// What the draws are made from; without it, the names of the lab and the link alone.
    pub seed: Option<u64>,
    /// How many packets wait in each direction, if they are delayed, before others are lost.
    pub limit: u32,
}

/// Which of the packets that match, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    /// All.
    All,
    /// So many, and none after that.
    First(u64),
    /// Each whose number is a multiple of this one.
    Every(u64),
    /// The one with this number.
    Only(u64),
}

/// What is done to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// It is lost.
    Lose,
    /// It arrives twice.
    Duplicate,
    /// It arrives after the packet that follows it.
    Reorder,
    /// One bit of it is changed.
    Corrupt,
    /// It arrives later.
    Delay {
        /// By so much.
        by: Duration,
        /// Each packet by so much more or less, at most.
        jitter: Duration,
    },
    /// It takes its time: so many bits a second pass.
    Rate {
        /// The bits.
        bits: u64,
    },
}

/// What has come of an impairment so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many packets matched.
    pub matched: u64,
    /// To how many of those it was done.
    pub hits: u64,
    /// How many were lost since too many waited already.
    pub overflowed: u64,
    /// The first packets to which it was done.
    pub events: Vec<Event>,
}

/// A packet to which something was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, since the impairment began.
    pub at: Duration,
    /// Its number among those that matched, from 1.
    pub number: u64,
    /// Whether the node has sent it.
    pub is_outgoing: bool,
    /// What it was, in one line.
    pub packet: String,
}
