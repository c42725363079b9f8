//! The lease of a container that was started ahead of it: its agent waits for the stream, with all done
//! that needs none.

use rustix::io::{DupFlags, dup3};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use vm_test_protocol::AHEAD;
use vm_test_sys::handover;

/// Says that the guest only lacks its lease, and waits for the stream that comes with it. The stream
/// gets the number of the descriptor on which it came, as if it had been there from the beginning.
pub(super) fn await_stream(daemon: OwnedFd) -> io::Result<OwnedFd> {
    let daemon = UnixStream::from(daemon);
    (&daemon).write_all(AHEAD)?;
    let stream = handover::receive(&daemon)?;
    let mut place = OwnedFd::from(daemon);
    dup3(&stream, &mut place, DupFlags::CLOEXEC)?;
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_guest_says_that_it_is_ready_and_then_takes_its_stream() {
        let (daemon, agent) = UnixStream::pair().unwrap();
        let (mut client, stream) = UnixStream::pair().unwrap();
        let number = agent.as_raw_fd();
        let waiting = std::thread::spawn(move || await_stream(agent.into()));
        let mut said = vec![0; AHEAD.len()];
        (&daemon).read_exact(&mut said).unwrap();
        assert_eq!(said, AHEAD);
        handover::send(&daemon, &stream.into()).unwrap();
        let taken = UnixStream::from(waiting.join().unwrap().unwrap());
        assert_eq!(taken.as_raw_fd(), number);
        (&taken).write_all(b"hello").unwrap();
        drop(taken);
        let mut heard = String::new();
        client.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "hello");
    }

    #[test]
    fn a_guest_that_nobody_wants_any_more_gets_no_stream() {
        let (daemon, agent) = UnixStream::pair().unwrap();
        drop(daemon);
        assert!(await_stream(agent.into()).is_err());
    }
}
