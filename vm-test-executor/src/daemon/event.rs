//! What ends an instance: waits for it and names it. Destroys nothing.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// How long a guest may outlive its agent.
const GUESTS_END: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// Why the wait for an instance ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The holder of the lease is gone or has given it up.
    Released,
    /// The keeper has ended.
    Died,
    /// The agent has ended, and the guest runs on.
    Abandoned,
    /// The daemon stops.
    Stopping,
}

/// Waits until something ends an instance. `agent` is the pipe of an agent that is not the guest's first process.
pub(super) fn wait(
    keeper: &OwnedFd,
    agent: Option<&OwnedFd>,
    holder: &UnixStream,
    stop: &OwnedFd,
) -> Event {
    let mut watched = agent;
    loop {
        let mut fds = vec![
            PollFd::new(keeper, PollFlags::IN),
            PollFd::new(holder, PollFlags::RDHUP),
            PollFd::new(stop, PollFlags::IN),
        ];
        fds.extend(watched.map(|agent| PollFd::new(agent, PollFlags::empty())));
        // Where the whole guest ends, it has a better cause than the end of its agent.
        let limit = (agent.is_some() && watched.is_none()).then_some(&GUESTS_END);
        match poll(&mut fds, limit) {
            Ok(0) => return Event::Abandoned,
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return Event::Died,
        }
        let happened = |index: usize| fds.get(index).is_some_and(|fd| !fd.revents().is_empty());
        let [keeper, holder, stop, abandoned] = [0, 1, 2, 3].map(happened);
        if abandoned {
            watched = None;
        }
        if holder {
            return Event::Released;
        }
        if keeper {
            return Event::Died;
        }
        if stop {
            return Event::Stopping;
        }
    }
}
