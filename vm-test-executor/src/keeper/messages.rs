//! What the daemon and a keeper say to each other: plain data between two processes of one program.

use super::world::Assignment;
use serde::{Deserialize, Serialize};
use vm_test_protocol::failure::Failure;

/// From the daemon to a keeper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToKeeper {
    /// What to hold; the first message.
    Hold(Box<Assignment>),
    /// What the descriptor is that follows.
    Descriptor(Descriptor),
    /// All descriptors have been handed over: start.
    Start,
    /// The spare VM has a lease, whose stream follows as a descriptor.
    Stream,
    /// The client knows of its lease: the VM may write to the stream.
    Begin,
}

/// What a descriptor is that comes with an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Descriptor {
    /// The tree of this number. One that the guest can do without may not come.
    Tree(usize),
    /// The file by which it enters its next control group.
    Group,
    /// The file system with the files of its devices.
    DeviceFiles,
    /// The file that its console is written to.
    Console,
    /// The file of the imported disk that it reads.
    ForeignDisk,
    /// The other end of its next network card for a lab.
    Port,
    /// The file of its next disk that outlives it: layers of the root disk, then the others.
    Disk,
    /// The saved state that it is restored from.
    State,
    /// What listens on the host for its next forwarded port.
    Forward,
    /// The connection on which orders for a node come.
    Orders,
    /// The connection on which orders about the link of a guest come that is in no lab.
    Link,
}

/// From a keeper to the daemon: one message, when it is over, and others only where they say so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeeperReport {
    /// The guest ran and its first process ended with this status.
    Ended(i32),
    /// The guest could not be started.
    Failed(Failure),
    /// The VM that was to be saved did not boot, though its host gave it all that it needs.
    Unbooted(Failure),
    /// The guest whose own init boots has its files; the pipe that its agent will hold open follows
    /// as a descriptor.
    Agent,
    /// The spare VM only lacks its lease.
    Prepared,
    /// The spare VM has the stream of its lease, and has written nothing to it.
    Attached,
}

/// Describes the end of a guest's first process from the status of liblxc, which reports a signal
/// as if it had stopped the process.
#[must_use]
pub fn describe_end(status: i32) -> String {
    let number = status >> 8;
    match status & 0xff {
        0x7f => format!("was killed by signal {number}"),
        0 => format!("exited with code {number}"),
        _ => format!("ended with status {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_gives_a_code_and_a_signal_in_the_second_byte() {
        assert_eq!(describe_end(256), "exited with code 1");
        assert_eq!(describe_end(0x27f), "was killed by signal 2");
    }
}
