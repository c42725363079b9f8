//! What a fault says where a guest cannot have it. Words only.

use super::super::stop::Stop;
use std::fmt::Display;
use std::io::{self, ErrorKind};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::node_fault::Obstacle;

/// What makes a guest a VM.
pub(super) const AS_A_VM: &str = "set `backend = \"kvm\"` for the guest";

/// Returns that a container cannot have this, for this cause.
pub(super) fn in_a_container(what: impl Display, cause: impl Display) -> Stop {
    refused(Obstacle::Container, what, cause, AS_A_VM)
}

/// Returns that this guest cannot have it, for this cause, and what helps.
pub(super) fn refused(
    obstacle: Obstacle,
    what: impl Display,
    cause: impl Display,
    hint: impl Into<String>,
) -> Stop {
    let failure = Failure::new(format!("cannot {what}: {cause}"));
    Stop::unable(obstacle, failure.hint(hint))
}

/// Returns what an error of the kernel says about a path.
pub(super) fn of_path(what: impl Display, error: &io::Error) -> Stop {
    let obstacle = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Obstacle::Absent,
        ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => Obstacle::Busy,
        ErrorKind::StorageFull | ErrorKind::OutOfMemory => Obstacle::Room,
        _ => Obstacle::Other,
    };
    Stop::unable(obstacle, Failure::new(format!("cannot {what}: {error}")))
}

/// Returns a number of bytes in words.
pub(super) fn bytes(count: u64) -> String {
    const MIB: u64 = 1 << 20;
    match count {
        0..MIB => format!("{count} bytes"),
        _ => format!("{} MiB", count / MIB),
    }
}
