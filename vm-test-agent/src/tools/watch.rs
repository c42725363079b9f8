//! Watching something until the end of the tool's input, and answering questions about it.

use super::settling::Settling;
use super::stop::Stop;
use super::streams::Streams;
use std::os::fd::BorrowedFd;
use std::time::Instant;
use vm_test_protocol::tool::Told;

/// How often is looked until nothing is new, before what was seen is told all the same.
const MOST_LOOKS: usize = 100;

/// Something that is watched.
pub(super) trait Watched {
    /// Returns what is readable when there is something new.
    fn source(&self) -> BorrowedFd<'_>;

    /// Takes what is new, or a part of it; returns whether there is more. Does not wait.
    fn look(&mut self) -> Result<bool, Stop>;

    /// Returns how many there were so far.
    fn count(&self) -> u64;

    /// Returns what was seen so far.
    fn told(&mut self) -> Told;
}

/// Watches it until the end of the tool's input.
pub(super) fn watch(watched: &mut impl Watched, streams: &mut Streams) -> Result<(), Stop> {
    let mut settling: Option<Settling> = None;
    loop {
        look(watched)?;
        let mut wait = None;
        if let Some(question) = &mut settling {
            wait = question.wait(watched.count(), Instant::now());
            if wait.is_none() {
                settling = None;
                streams.say(&watched.told())?;
            }
        }
        if !streams.await_any(watched.source(), wait)?.input {
            continue;
        }
        let Some(asks) = streams.hear()? else {
            return Ok(());
        };
        for ask in asks {
            look(watched)?;
            settling = Settling::begin(&ask, watched.count(), Instant::now());
            if settling.is_none() {
                streams.say(&watched.told())?;
            }
        }
    }
}

/// Takes all that is new.
fn look(watched: &mut impl Watched) -> Result<(), Stop> {
    for _ in 0..MOST_LOOKS {
        if !watched.look()? {
            break;
        }
    }
    Ok(())
}
