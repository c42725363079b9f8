//! Counts the frames of an interface that match a filter.

use super::stop::Stop;
use super::streams::Streams;
use super::watch::{Watched, watch};
use memchr::memmem;
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;
use vm_test_protocol::dissection::Dissection;
use vm_test_protocol::tool::{self, Filter, Told};
use vm_test_sys::packet::{LONGEST, Options, Packets, Received};

/// All frames that come and go, those for others included.
const OPTIONS: Options = Options {
    outgoing: true,
    promiscuous: true,
    headers: false,
};

/// How many frames are looked at before anything else is done.
const AT_ONCE: usize = 1000;

/// How many frames are told in words: the first that match, and the last others.
const MOST_FIRST: usize = 32;
const MOST_OTHERS: usize = 8;

/// Watches an interface until the end of the tool's input.
pub(super) fn sniff(interface: &str, filter: Filter, streams: &mut Streams) -> Result<(), Stop> {
    let frames = Packets::open(interface, OPTIONS)
        .and_then(|frames| frames.hear().map(|()| frames))
        .map_err(|error| Stop::cannot(format!("watch {interface}"), error))?;
    streams.say(&Told::Ready(None))?;
    let mut sniffer = Sniffer {
        interface: interface.to_owned(),
        frames,
        filter,
        began: Instant::now(),
        buffer: vec![0; LONGEST],
        count: 0,
        first: Vec::new(),
        others: 0,
        last_others: VecDeque::new(),
        lost: 0,
    };
    watch(&mut sniffer, streams)
}

struct Sniffer {
    interface: String,
    frames: Packets,
    filter: Filter,
    began: Instant,
    buffer: Vec<u8>,
    count: u64,
    first: Vec<String>,
    others: u64,
    last_others: VecDeque<String>,
    lost: u64,
}

impl Watched for Sniffer {
    fn source(&self) -> BorrowedFd<'_> {
        self.frames.as_fd()
    }

    fn look(&mut self) -> Result<bool, Stop> {
        for _ in 0..AT_ONCE {
            let next = self.frames.receive(&mut self.buffer, OPTIONS.headers);
            let next = next.map_err(|error| {
                Stop::cannot(format!("go on watching {}", self.interface), error)
            })?;
            let (length, is_outgoing) = match next {
                Received::Frame {
                    length,
                    is_outgoing,
                } => (length, is_outgoing),
                Received::Lost => {
                    self.lost += 1;
                    continue;
                }
                Received::Nothing => return Ok(false),
            };
            let read = Dissection::of(&self.buffer[..length]);
            let describe = || {
                let time = self.began.elapsed().as_secs_f64();
                let way = if is_outgoing { "out" } else { "in" };
                format!("{time:.3} s {way}: {read}")
            };
            let finds = |all: &[u8], part: &[u8]| memmem::find(all, part).is_some();
            if self.filter.matches(&read, is_outgoing, finds) {
                self.count += 1;
                if self.first.len() < MOST_FIRST {
                    self.first.push(describe());
                }
            } else {
                self.others += 1;
                if self.last_others.len() >= MOST_OTHERS {
                    self.last_others.pop_front();
                }
                self.last_others.push_back(describe());
            }
        }
        Ok(true)
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn told(&mut self) -> Told {
        self.lost += self.frames.lost();
        Told::Frames(tool::Frames {
            count: self.count,
            first: self.first.clone(),
            others: self.others,
            last_others: self.last_others.iter().cloned().collect(),
            lost: self.lost,
        })
    }
}
