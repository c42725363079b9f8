//! Waiting for room: memory and processors, for one instance or a whole lab. Decides nothing that
//! `admission` does not.

use super::host::Host;
use super::room::Room;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vm_test_protocol::daemon::Reply;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;

/// How often a waiting lease reports that it waits.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for room for so much memory, in bytes, and so many processors; returns `None` if the
/// client goes away first.
///
/// # Errors
/// If there will never be room.
pub(super) fn admit(
    host: &Host,
    stream: &UnixStream,
    memory: u64,
    cpus: u32,
) -> Result<Option<Room>, Failure> {
    let began = Instant::now();
    let mut said = began;
    let admitted = host.admission.admit(memory, cpus, |reason| {
        host.end_spares();
        if host.gate.is_closed() {
            return false;
        }
        if said.elapsed() < PATIENCE {
            return is_there(stream);
        }
        said = Instant::now();
        frame::write(stream, &Reply::Queued(reason.to_owned())).is_ok()
    })?;
    Ok(admitted.map(|admitted| Room {
        admitted: Arc::new(admitted),
        waited: began.elapsed(),
    }))
}

/// Returns whether the other end is still open.
pub(super) fn is_there(stream: &UnixStream) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut fds = [PollFd::new(stream, PollFlags::RDHUP)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    !matches!(poll(&mut fds, Some(&now)), Ok(count) if count > 0)
}
