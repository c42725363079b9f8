//! Instances that are kept for inspection after their tests have failed. The daemon holds them: when the time is up, it
//! closes the stream to the agent, and the lease ends like any other.

use super::lease::Host;
use super::ledger::{self, End};
use crate::sys::handover;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use vm_test::protocol::daemon::{KeptStatus, Reply};
use vm_test::protocol::failure::Failure;
use vm_test::protocol::frame;

/// How often it is looked whether a visitor has left.
const VISIT_TICK: Duration = Duration::from_secs(1);

/// How long a removed instance may take to be gone.
const REMOVAL: Duration = Duration::from_secs(10);

/// How often it is looked whether it is.
const REMOVAL_TICK: Duration = Duration::from_millis(5);

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
    fn new(agent: UnixStream, stays: Duration) -> Self {
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
    fn attend(&self) {
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

/// Takes an instance over from its test process, and holds it until its time is up. In the connection's own thread.
pub(super) fn keep(host: &Host, client: &UnixStream, instance: &str) {
    match take_over(host, client, instance) {
        Ok(kept) => {
            let stays = u64::try_from(kept.stays.as_millis()).unwrap_or(u64::MAX);
            if frame::write(client, &Reply::Kept(stays)).is_err() {
                // Nobody would ever be told of it.
                kept.end();
            }
            // The client is waited for by a test.
            let _ = client.shutdown(Shutdown::Both);
            kept.attend();
        }
        Err(failure) => {
            let _ = frame::write(client, &Reply::Refused(failure));
        }
    }
}

fn take_over(host: &Host, client: &UnixStream, instance: &str) -> Result<Arc<Kept>, Failure> {
    let cannot = |cause: &str| Failure::new(format!("cannot keep {instance}: {cause}"));
    let agent = handover::receive(client)
        .ok()
        .flatten()
        .map(UnixStream::from)
        .ok_or_else(|| cannot("its stream did not come along"))?;
    // It was its former holder's.
    agent
        .set_read_timeout(None)
        .map_err(|error| cannot(&error.to_string()))?;
    let kept = host.registry.with(instance, |living| {
        let Some(stays) = living.granted.keep_for.filter(|_| living.kept.is_none()) else {
            return Err(cannot("it is not one to be kept"));
        };
        living.admitted.keep().map_err(|cause| {
            cannot(&cause)
                .hint("`vm-test rm --all` ends all kept instances, `vm-test ps` lists them")
        })?;
        let kept = Arc::new(Kept::new(agent, Duration::from_millis(stays)));
        living.kept = Some(Arc::clone(&kept));
        Ok(kept)
    });
    let kept = kept.unwrap_or_else(|| Err(cannot("it is gone")))?;
    ledger::close(&host.registry, instance, End::Released(None), None);
    Ok(kept)
}

/// Ends a kept instance and waits until it is gone.
pub(super) fn remove(host: &Host, instance: &str) -> Reply {
    let cannot = |cause: &str| Failure::new(format!("cannot remove {instance}: {cause}"));
    let kept = host
        .registry
        .with(instance, |living| living.kept.as_ref().map(Arc::clone));
    match kept {
        None => {
            return Reply::Refused(
                cannot("there is no such instance").hint("`vm-test ps` lists all instances"),
            );
        }
        Some(None) => {
            return Reply::Refused(
                cannot("it is not kept, but in use")
                    .hint("end the process that holds it, which `vm-test ps` names"),
            );
        }
        Some(Some(kept)) => kept.end(),
    }
    let limit = Instant::now() + REMOVAL;
    while host.registry.with(instance, |_| ()).is_some() {
        if Instant::now() > limit {
            return Reply::Refused(cannot("it has not ended in time"));
        }
        std::thread::sleep(REMOVAL_TICK);
    }
    Reply::Removed
}
