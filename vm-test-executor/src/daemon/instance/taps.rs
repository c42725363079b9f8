//! Taps that the daemon of a real root makes in the network namespace of a lab: its keeper may not
//! open the device where only root may.

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use vm_test_sys::tap;

/// Makes taps of these names in a network namespace.
pub(super) fn make(namespace: BorrowedFd<'_>, names: &[String]) -> io::Result<Vec<OwnedFd>> {
    // In a thread of its own, which never comes back from there.
    let made = std::thread::scope(|scope| {
        let make = || {
            move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))?;
            names.iter().map(|name| tap::open(name)).collect()
        };
        let thread = std::thread::Builder::new().spawn_scoped(scope, make)?;
        thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("a thread panicked")))
    });
    made.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", tap::DEVICE)))
}
