//! The routers on the way to an address: echo requests that may pass one more router each time.

use super::address::find_host;
use super::echoes::Echoes;
use super::icmp::Kind;
use super::stop::Stop;
use super::streams::Streams;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};
use vm_test_protocol::tool::Told;

/// How often each router is asked.
const TRIES: u16 = 2;

/// After how many routers in a row that did not answer no more are asked.
const MOST_SILENT: usize = 3;

/// Asks for the routers, and says them.
pub(super) fn trace(
    to: &str,
    hops: u8,
    within: Duration,
    streams: &mut Streams,
) -> Result<(), Stop> {
    let to = find_host(to)?;
    let socket = Echoes::open(to).map_err(cannot)?;
    let mut found = Vec::new();
    let mut silent = 0;
    for hop in 1..=hops {
        socket.limit(hop).map_err(cannot)?;
        let (router, is_end) = ask(&socket, hop, within, streams)?;
        found.push(router);
        silent = if router.is_some() { 0 } else { silent + 1 };
        if is_end || silent >= MOST_SILENT {
            break;
        }
    }
    streams.say(&Told::Way(found))
}

/// Asks the router that is so many hops away; returns it, and whether the way ends there.
fn ask(
    socket: &Echoes,
    hop: u8,
    within: Duration,
    streams: &Streams,
) -> Result<(Option<IpAddr>, bool), Stop> {
    for attempt in 0..TRIES {
        if socket.send(u16::from(hop) * TRIES + attempt).is_err() {
            // There is no way out of this node.
            return Ok((None, true));
        }
        let until = Instant::now() + within;
        loop {
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                break;
            }
            streams.await_source(socket.as_fd(), rest)?;
            while let Some((from, answer)) = socket.receive().map_err(cannot)? {
                // It may be late.
                if answer.number / TRIES == u16::from(hop) {
                    return Ok((Some(from), answer.kind != Kind::Exceeded));
                }
            }
        }
    }
    Ok((None, false))
}

fn cannot(error: io::Error) -> Stop {
    Stop::cannot("find the way", error)
}
