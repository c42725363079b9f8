//! Instances that are kept for inspection after their tests have failed. The daemon holds them: when the time is up, it
//! closes the stream to the agent, and the lease ends like any other.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use vm_test::protocol::daemon::KeptStatus;

/// How often it is looked whether a visitor has left.
const VISIT_TICK: Duration = Duration::from_secs(1);

/// A kept instance, as its holder has it.
#[derive(Debug)]
pub(super) struct Kept {
    /// The holder's end of the stream to the agent.
    pub(super) agent: UnixStream,
    stays: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    until: Instant,
    /// The connection of the attached client.
    visitor: Option<UnixStream>,
}

/// A client's session in a kept instance. When it ends, the instance's time starts again.
pub(super) struct Visit<'a>(&'a Kept);

impl Kept {
    pub(super) fn new(agent: UnixStream, stays: Duration) -> Self {
        let state = State {
            until: Instant::now() + stays,
            visitor: None,
        };
        Self {
            agent,
            stays,
            state: Mutex::new(state),
        }
    }

    /// How long it stays after a visit.
    pub(super) fn stays(&self) -> Duration {
        self.stays
    }

    pub(super) fn status(&self) -> KeptStatus {
        let state = self.lock();
        let attached = state.visitor.is_some();
        let left = match attached {
            true => self.stays,
            false => state.until.saturating_duration_since(Instant::now()),
        };
        KeptStatus {
            expires_in: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
            attached,
        }
    }

    /// Attaches a client, unless another one is attached.
    pub(super) fn enter(&self, visitor: UnixStream) -> Option<Visit<'_>> {
        let mut state = self.lock();
        if state.visitor.is_some() {
            return None;
        }
        state.visitor = Some(visitor);
        Some(Visit(self))
    }

    /// Lets go of the instance.
    pub(super) fn end(&self) {
        let _ = self.agent.shutdown(Shutdown::Both);
    }

    /// Holds the instance until its time is up or it is gone.
    pub(super) fn attend(&self) {
        loop {
            let left = {
                let state = self.lock();
                match state.visitor {
                    Some(_) => VISIT_TICK,
                    None => state.until.saturating_duration_since(Instant::now()),
                }
            };
            if left.is_zero() || self.is_gone_within(left) {
                break;
            }
        }
        self.end();
        if let Some(visitor) = self.lock().visitor.take() {
            let _ = visitor.shutdown(Shutdown::Both);
        }
    }

    fn is_gone_within(&self, wait: Duration) -> bool {
        let wait = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: wait.subsec_nanos().into(),
        };
        match poll(
            &mut [PollFd::new(&self.agent, PollFlags::RDHUP)],
            Some(&wait),
        ) {
            Ok(count) => count > 0,
            Err(rustix::io::Errno::INTR) => false,
            Err(_) => true,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.visitor = None;
        state.until = Instant::now() + self.0.stays;
    }
}
