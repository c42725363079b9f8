//! What nodes have sent to each network of a lab lately: the last frames, as they came in at the
//! nodes' ports. Always on, and bounded. Writes no file.

use super::pcap;
use crate::sync;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::fs::{MemfdFlags, memfd_create};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use vm_test_sys::ring::{self, Ring, Seen};

/// How much of each network is kept, in bytes.
const MOST: usize = 4 << 20;

/// What a frame costs besides its bytes.
const OVERHEAD: usize = 64;

/// The recorder of a lab.
#[derive(Debug)]
pub(super) struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    events: OwnedFd,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The ports, by numbers of their own, each with its network.
    ports: BTreeMap<u64, (usize, Ring)>,
    given: u64,
    logs: Vec<Log>,
}

/// The last frames of a network.
#[derive(Debug, Default)]
struct Log {
    frames: VecDeque<Seen>,
    bytes: usize,
    lost: u64,
}

/// What a network has carried, as a file in memory.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) network: usize,
    /// How many frames are missing, because too many came at a time.
    pub(super) lost: u64,
    pub(super) file: OwnedFd,
}

impl Recorder {
    /// Starts the recorder of so many networks.
    pub(super) fn start(networks: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            events: epoll::create(CreateFlags::CLOEXEC)?,
            state: Mutex::new(State {
                ports: BTreeMap::new(),
                given: 0,
                logs: (0..networks).map(|_| Log::default()).collect(),
            }),
        });
        let its_own = Arc::clone(&shared);
        let run = move || {
            let _ = catch_unwind(AssertUnwindSafe(|| its_own.run()));
            // Without it a capture would show less than there was.
            std::process::exit(1);
        };
        std::thread::Builder::new().spawn(run)?;
        Ok(Self { shared })
    }

    /// Records what comes in through a port of a network.
    pub(super) fn add_port(&self, network: usize, interface: &str) -> io::Result<()> {
        let ring = Ring::on(interface)?;
        let mut state = sync::lock(&self.shared.state);
        state.given += 1;
        let number = state.given;
        // Blocks stay readable for a moment after they were read.
        let when = EventFlags::IN | EventFlags::ET;
        epoll::add(&self.shared.events, &ring, EventData::new_u64(number), when)?;
        state.ports.insert(number, (network, ring));
        Ok(())
    }

    /// Returns what the networks have carried, without those that have carried nothing.
    pub(super) fn capture(&self) -> io::Result<Vec<Capture>> {
        // By then the kernel has handed out everything that has come in so far.
        std::thread::sleep(2 * ring::DELAY);
        let mut state = sync::lock(&self.shared.state);
        let ports: Vec<u64> = state.ports.keys().copied().collect();
        for port in ports {
            state.read(port);
        }
        let logs = state.logs.iter().enumerate();
        logs.filter(|(_, log)| !log.frames.is_empty())
            .map(|(network, log)| {
                Ok(Capture {
                    network,
                    lost: log.lost,
                    file: log.file()?,
                })
            })
            .collect()
    }
}

impl Shared {
    fn run(&self) {
        let mut events: Vec<Event> = Vec::with_capacity(64);
        loop {
            events.clear();
            let room = rustix::buffer::spare_capacity(&mut events);
            match epoll::wait(&self.events, room, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
            let mut state = sync::lock(&self.state);
            for event in &events {
                let (port, flags) = (event.data.u64(), event.flags);
                state.read(port);
                if flags.intersects(EventFlags::ERR | EventFlags::HUP) {
                    // The node is gone, and its port with it.
                    state.ports.remove(&port);
                }
            }
        }
    }
}

impl State {
    /// Takes what has come in through a port.
    fn read(&mut self, port: u64) {
        let Some((network, ring)) = self.ports.get_mut(&port) else {
            return;
        };
        if let Some(log) = self.logs.get_mut(*network) {
            ring.read(|seen| log.add(seen));
            log.lost += ring.lost();
        }
    }
}

impl Log {
    fn add(&mut self, seen: Seen) {
        self.bytes += seen.bytes.len() + OVERHEAD;
        self.frames.push_back(seen);
        while self.bytes > MOST
            && let Some(oldest) = self.frames.pop_front()
        {
            self.bytes -= oldest.bytes.len() + OVERHEAD;
        }
    }

    /// Returns a file in memory with all frames in the order of their times.
    fn file(&self) -> io::Result<OwnedFd> {
        let mut frames: Vec<&Seen> = self.frames.iter().collect();
        frames.sort_by_key(|seen| seen.at);
        let mut bytes = pcap::header();
        for seen in frames {
            pcap::add(&mut bytes, seen.at, &seen.bytes, seen.length);
        }
        let mut file = File::from(memfd_create("frames", MemfdFlags::CLOEXEC)?);
        file.write_all(&bytes)?;
        Ok(file.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek};
    use std::time::Duration;

    fn seen(millis: u64, bytes: Vec<u8>) -> Seen {
        Seen {
            at: Duration::from_millis(millis),
            length: 2000,
            bytes,
        }
    }

    #[test]
    fn the_last_frames_are_kept_and_a_flood_takes_no_more_memory() {
        let mut log = Log::default();
        for number in 0..100_000 {
            log.add(seen(number, vec![0; 60]));
            assert!(log.bytes <= MOST);
        }
        assert_eq!(log.frames.back().unwrap().at, Duration::from_millis(99_999));
        assert_eq!(log.frames.len(), MOST / (60 + OVERHEAD));
    }

    #[test]
    fn a_file_has_the_frames_of_all_ports_in_order() {
        let mut log = Log::default();
        log.add(seen(2000, vec![b'b']));
        log.add(seen(1000, vec![b'a']));
        let mut file = File::from(log.file().unwrap());
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len(), 24 + 2 * 17);
        assert_eq!((bytes[24 + 16], bytes[24 + 33]), (b'a', b'b'));
    }
}
