//! How a command in a guest ended.

use libc::SIGTERM;
use vm_test_protocol::agent::End;

/// How a command ended.
#[derive(Debug)]
pub(in super::super) struct Ending {
    pub(in super::super) end: End,
    /// Whether its time was up because this program was told to end.
    pub(in super::super) told_to_end: bool,
    /// How much of the guest's memory files took.
    pub(in super::super) files_bytes: u64,
}

impl Ending {
    /// Returns the signal that ended it, or that told this program to end.
    pub(in super::super) fn signal(&self) -> Option<i32> {
        match self.end {
            _ if self.told_to_end => Some(SIGTERM),
            End::Signaled(number) => Some(number),
            _ => None,
        }
    }
}
