//! Instances that are kept for inspection after their tests have failed. The daemon holds them:
//! when the time is up, it closes the stream to the agent, and the lease ends like any other.

use super::term::Term;
use crate::sync;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use vm_test_protocol::status::KeptStatus;

/// How often to check whether a client has left.
const VISIT_TICK: Duration = Duration::from_secs(1);

/// A kept instance.
#[derive(Debug)]
pub(super) struct Kept {
    /// The daemon's end of the stream to the agent.
    pub(super) agent: UnixStream,
    /// All nodes of a lab have the same.
    term: Arc<Term>,
    /// The connection of the attached client.
    visitor: Mutex<Option<UnixStream>>,
}

/// A client's session in a kept instance. When it ends, the instance's time starts again.
pub(super) struct Visit<'a>(&'a Kept);

impl Kept {
    pub(super) fn new(agent: UnixStream, term: Arc<Term>) -> Self {
        Self {
            agent,
            term,
            visitor: Mutex::default(),
        }
    }

    /// Returns how long it stays after a session.
    pub(super) fn stays(&self) -> Duration {
        self.term.stays()
    }

    pub(super) fn status(&self) -> KeptStatus {
        KeptStatus {
            attached: self.lock().is_some(),
            ..self.term.status()
        }
    }

    /// Attaches a client, unless another one is attached.
    pub(super) fn enter(&self, visitor: UnixStream) -> Option<Visit<'_>> {
        let mut present = self.lock();
        if present.is_some() {
            return None;
        }
        *present = Some(visitor);
        self.term.enter();
        Some(Visit(self))
    }

    /// Gives the instance up.
    pub(super) fn end(&self) {
        let _ = self.agent.shutdown(Shutdown::Both);
    }

    /// Holds the instance until its time is up or it is gone.
    pub(super) fn attend(&self) {
        loop {
            let left = self.term.left().unwrap_or(VISIT_TICK);
            if left.is_zero() || is_gone_within(&self.agent, left) {
                break;
            }
        }
        self.end();
        if let Some(visitor) = self.lock().take() {
            let _ = visitor.shutdown(Shutdown::Both);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<UnixStream>> {
        sync::lock(&self.visitor)
    }
}

/// Returns whether the other end of a stream is closed, now or within this time.
pub(super) fn is_gone_within(stream: &UnixStream, wait: Duration) -> bool {
    let wait = Timespec {
        tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: wait.subsec_nanos().into(),
    };
    match poll(&mut [PollFd::new(stream, PollFlags::RDHUP)], Some(&wait)) {
        Ok(count) => count > 0,
        Err(rustix::io::Errno::INTR) => false,
        Err(_) => true,
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        *self.0.lock() = None;
        self.0.term.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn kept(stays: Duration) -> (Kept, UnixStream) {
        let (holder, agent) = UnixStream::pair().unwrap();
        (Kept::new(holder, Arc::new(Term::of(stays))), agent)
    }

    fn client() -> (UnixStream, UnixStream) {
        UnixStream::pair().unwrap()
    }

    #[test]
    fn one_client_at_a_time_is_in_a_kept_instance_whose_time_starts_again_when_it_leaves() {
        let (kept, _agent) = kept(Duration::from_secs(600));
        let session = kept.enter(client().0).unwrap();
        assert!(kept.enter(client().0).is_none());
        let status = kept.status();
        assert!(status.attached && status.expires_in == Duration::from_secs(600));
        drop(session);
        let status = kept.status();
        assert!(!status.attached && status.expires_in > Duration::from_secs(590));
        assert!(kept.enter(client().0).is_some());
    }

    #[test]
    fn when_its_time_is_up_its_agent_is_told_by_the_end_of_the_stream() {
        let (kept, mut agent) = kept(Duration::from_millis(1));
        kept.attend();
        assert_eq!(agent.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn when_it_is_gone_before_its_time_its_client_is_told_by_the_end_of_the_stream() {
        let (kept, agent) = kept(Duration::from_secs(600));
        let (theirs, mut ours) = client();
        let _session = kept.enter(theirs).unwrap();
        drop(agent);
        kept.attend();
        assert_eq!(ours.read(&mut [0]).unwrap(), 0);
    }
}
