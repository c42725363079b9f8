//! Faults of a node: what the agent does to its clock, disks, memory, processors, files and
//! processes for as long as the tool runs. Plain data; which of them a guest can have, only the
//! agent knows.

use super::failure::Failure;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The most that the rate of a clock may be off, in millionths.
pub const MOST_SKEW: i32 = 100_000;

/// How much of a file is kept to be put back, in bytes.
pub const MOST_KEPT: u64 = 64 << 20;

/// The most processes that one fault is about.
pub const MOST_PROCESSES: usize = 1024;

/// What is wrong with a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeFault {
    /// The clock of the day is set forward or back.
    ClockStep {
        /// How far.
        by: Duration,
        /// Whether it is set back.
        is_back: bool,
    },
    /// The clock runs too fast, or too slowly if this is negative.
    ClockSkew {
        /// By how many millionths; at most [`MOST_SKEW`].
        millionths: i32,
    },
    /// The file system of a path is full.
    FullDisk {
        /// The path.
        path: String,
        /// How much room it has left, in bytes.
        left: u64,
    },
    /// A file system of this size is mounted over a directory.
    SmallDisk {
        /// The directory.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// What is at or below a path cannot be written.
    ReadOnly {
        /// The path.
        path: String,
    },
    /// A disk whose requests fail on demand, see `Ask::Fail`, is mounted over a directory.
    FaultyDisk {
        /// The directory.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// This much memory is taken.
    Memory {
        /// How much, in bytes.
        bytes: u64,
    },
    /// Other work takes the processors.
    Cpu {
        /// How much of the time is left, in percent.
        left: u8,
    },
    /// A file has lost its end.
    Truncated {
        /// The file.
        path: String,
        /// Its length now.
        length: u64,
    },
    /// Bits of one byte of a file are inverted.
    Flipped {
        /// The file.
        path: String,
        /// Where the byte is.
        offset: u64,
        /// Which bits.
        mask: u8,
    },
    /// Processes are sent a signal; nothing of it is undone.
    Signalled {
        /// Which processes.
        which: Which,
        /// The number of the signal.
        signal: i32,
    },
    /// Processes stand still, or do so most of the time.
    Stopped {
        /// Which processes.
        which: Which,
        /// How much of the time they run, in percent: 0 to 99.
        running: u8,
    },
}

/// Which processes a fault is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    /// All that run a program of this name.
    Named(String),
    /// The one with this number.
    Number(u32),
}

/// Why a guest cannot have a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unable {
    /// What stands in the way.
    pub obstacle: Obstacle,
    /// The same in words.
    pub failure: Failure,
}

/// What stands in the way of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Obstacle {
    /// The guest is a container, whose kernel is the host's.
    Container,
    /// The guest's kernel lacks something.
    Kernel,
    /// The guest's image lacks a program.
    Program,
    /// Something in the guest is in use.
    Busy,
    /// There is no such file or process.
    Absent,
    /// The guest has less than that.
    Room,
    /// Something else.
    Other,
}
