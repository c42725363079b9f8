//! Several jobs at a time: passes the bytes of each channel on between the stream to the host and the
//! thread that runs its job, and does what concerns all of them. Knows no message of a job.
//!
//! What a job says is read only as far as its client has taken what came before, so that a client
//! that takes nothing holds up its own job and no other.

mod channel;

use super::stream::Host;
use super::work::{Guest, not_started};
use super::{children, rest};
use channel::{Channel, Heard, Left};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::BTreeMap;
use std::io::{
    self,
    ErrorKind::{BrokenPipe, ConnectionReset},
};
use std::os::fd::OwnedFd;
use vm_test_protocol::agent::{FromAgent, ToAgent};
use vm_test_protocol::channel::MOST_CHANNELS;
use vm_test_protocol::frame;

/// How often orphans are reaped.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 250_000_000,
};

/// The channels of one stream.
struct Channels<W> {
    work: W,
    open: BTreeMap<u32, Channel>,
    /// The channel that was last read from; the next one's turn is next.
    last: u32,
}

/// Serves channels until the host wants one job at a time again, or is gone; `work` runs the job of
/// a channel, given its number and the far end of its stream.
///
/// # Errors
/// If the host is gone while a job runs, breaks the protocol, or the agent cannot go on.
pub(super) fn serve<W>(
    host: &mut Host,
    guest: &Guest,
    left: &mut Vec<OwnedFd>,
    work: W,
) -> io::Result<()>
where
    W: Fn(u32, OwnedFd) -> Left + Clone + Send + 'static,
{
    let mut channels = Channels {
        work,
        open: BTreeMap::new(),
        last: 0,
    };
    match channels.serve(host, guest, left) {
        // What the first job was doing says more than that the host has hung up.
        Err(error) if matches!(error.kind(), BrokenPipe | ConnectionReset) => {
            channels.abort().and(Err(error))
        }
        Ok(Served::HostIsGone) => channels.abort(),
        served => served.map(drop),
    }
}

/// Why channels are served no longer.
enum Served {
    HostIsGone,
    /// One job at a time again.
    Single,
}

impl<W> Channels<W>
where
    W: Fn(u32, OwnedFd) -> Left + Clone + Send + 'static,
{
    fn serve(
        &mut self,
        host: &mut Host,
        guest: &Guest,
        left: &mut Vec<OwnedFd>,
    ) -> io::Result<Served> {
        let mut ends = false;
        loop {
            while let Some(message) = host.next()? {
                ends |= message == ToAgent::Single;
                self.obey(host, message)?;
            }
            if host.gone {
                return Ok(Served::HostIsGone);
            }
            if ends && self.open.is_empty() {
                host.send(&FromAgent::Single)?;
                host.finish()?;
                return Ok(Served::Single);
            }
            self.turn(host, guest, left)?;
        }
    }

    fn obey(&mut self, host: &mut Host, message: ToAgent) -> io::Result<()> {
        match message {
            ToAgent::Channel {
                channel,
                opens,
                bytes,
            } => {
                if opens && !self.open.contains_key(&channel) {
                    self.open(host, channel)?;
                }
                // Otherwise its job has ended meanwhile.
                if let Some(open) = self.open.get_mut(&channel) {
                    open.tell(&bytes)?;
                }
            }
            ToAgent::Taken { channel, bytes } => {
                if let Some(open) = self.open.get_mut(&channel) {
                    open.allow(usize::try_from(bytes).unwrap_or(usize::MAX));
                }
            }
            ToAgent::Close { channel } => {
                if let Some(open) = self.open.get_mut(&channel) {
                    open.close();
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Opens a channel, or says as its job why there is none.
    fn open(&mut self, host: &mut Host, channel: u32) -> io::Result<()> {
        let work = self.work.clone();
        let opened = if self.open.len() < MOST_CHANNELS {
            Channel::open(move |stream| work(channel, stream))
        } else {
            let words = format!("{MOST_CHANNELS} jobs run on the node already");
            Err(io::Error::other(words))
        };
        match opened {
            Ok(opened) => drop(self.open.insert(channel, opened)),
            Err(error) => {
                let ended = not_started(format!("no channel for it: {error}"));
                let bytes = frame::encode(&FromAgent::Ended(ended))?;
                host.send(&FromAgent::Channel { channel, bytes })?;
                host.send(&FromAgent::Closed { channel })?;
            }
        }
        Ok(())
    }

    /// Waits for events and handles them.
    fn turn(&mut self, host: &mut Host, guest: &Guest, left: &mut Vec<OwnedFd>) -> io::Result<()> {
        let mut of_host = PollFlags::IN;
        of_host.set(PollFlags::OUT, host.is_pending());
        let mut fds = vec![
            PollFd::new(&*host, of_host),
            PollFd::new(&guest.listener, PollFlags::IN),
        ];
        fds.extend(left.iter().map(|fd| PollFd::new(fd, PollFlags::IN)));
        let mut numbers = Vec::new();
        for (number, channel) in &self.open {
            let flags = channel.waits_for(!host.is_full());
            // The end of one that waits for nothing would be an event for ever.
            if !flags.is_empty() {
                fds.push(PollFd::new(channel, flags));
                numbers.push(*number);
            }
        }
        match poll(&mut fds, Some(&TICK)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<_> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let has_sent = !(fds[0].revents() - PollFlags::OUT).is_empty();
        drop(fds);
        host.send_some()?;
        if has_sent {
            host.read_some()?;
        }
        if ready[1] {
            // The body of a job has a channel, and connects elsewhere.
            drop(guest.listener.accept());
        }
        let mut is_ready = ready[2..].iter();
        left.retain(|fd| !is_ready.next().is_some_and(|ready| *ready) || rest::goes_on(fd));
        let mut ready: Vec<u32> = numbers
            .into_iter()
            .filter(|_| is_ready.next().is_some_and(|ready| *ready))
            .collect();
        // Otherwise the first ones could take all the room for themselves.
        let next = ready.partition_point(|number| *number <= self.last);
        ready.rotate_left(next);
        for number in ready {
            left.extend(self.pass_on(host, number)?);
        }
        children::orphans();
        if self.open.is_empty() {
            rest::check_memory(&guest.memory)?;
        }
        Ok(())
    }

    /// Passes on what a job says, and what it is told; returns the streams that a job has left.
    fn pass_on(&mut self, host: &mut Host, number: u32) -> io::Result<Vec<OwnedFd>> {
        let Some(channel) = self.open.get_mut(&number) else {
            return Ok(Vec::new());
        };
        channel.send_some();
        if host.is_full() {
            return Ok(Vec::new());
        }
        match channel.hear() {
            Heard::Nothing => {}
            Heard::Bytes(bytes) => {
                self.last = number;
                host.send(&FromAgent::Channel {
                    channel: number,
                    bytes,
                })?;
            }
            Heard::End => {
                host.send(&FromAgent::Closed { channel: number })?;
                let ended = self.open.remove(&number);
                return ended.map_or(Ok(Vec::new()), Channel::finish);
            }
        }
        Ok(Vec::new())
    }

    /// Ends all jobs, for the host is gone; the first of them says what it was doing.
    fn abort(&mut self) -> io::Result<()> {
        let open = std::mem::take(&mut self.open);
        let mut ended = open.into_values().map(Channel::abort);
        // All of them are waited for.
        let first = ended.next();
        ended.for_each(drop);
        first.map_or(Ok(()), |ended| ended.map(drop))
    }
}

#[cfg(test)]
mod tests;
