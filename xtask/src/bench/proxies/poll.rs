//! Waits for many sockets at once, each known by a number.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

/// How many sockets are told at once.
const MOST: usize = 256;

/// Sockets that are waited for; one that is closed is forgotten.
pub(super) struct Poll(OwnedFd);

impl Poll {
    pub(super) fn new() -> Result<Self> {
        let created = epoll::create(epoll::CreateFlags::CLOEXEC);
        Ok(Self(created.context("cannot wait for sockets")?))
    }

    /// Tells this number whenever there is something to read.
    pub(super) fn add(&self, socket: impl AsFd, number: usize) -> Result<()> {
        let data = epoll::EventData::new_u64(number as u64);
        epoll::add(&self.0, socket, data, epoll::EventFlags::IN).context("cannot wait for a socket")
    }

    /// Adds the numbers of sockets that can be read to `ready`; none if that takes too long.
    pub(super) fn wait(&self, ready: &mut Vec<usize>, most: Option<Duration>) -> Result<()> {
        let most = most.map(|most| Timespec {
            tv_sec: most.as_secs().cast_signed(),
            tv_nsec: most.subsec_nanos().into(),
        });
        let mut events = Vec::with_capacity(MOST);
        match epoll::wait(&self.0, spare_capacity(&mut events), most.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("cannot wait for sockets"),
        }
        let numbers = events.iter().map(|event| event.data.u64());
        ready.extend(numbers.filter_map(|number| usize::try_from(number).ok()));
        Ok(())
    }
}
