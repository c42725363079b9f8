//! Sniffers on nodes: how many frames of a network match a filter.

use super::super::handle::Node;
use super::expected::Expected;
use super::filter::Filter;
use super::line::Line;
use std::fmt::Write;
use std::ops::RangeBounds;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::tool::{Ask, Frames, Told, Tool};

/// A sniffer on a node. Dropped, it ends.
#[derive(Debug)]
#[must_use = "the sniffer ends when this is dropped"]
pub struct Sniffer {
    line: Line,
    /// What it watches, for messages.
    what: String,
}

impl Node {
    /// Counts the frames on the node's interface to a network that match a filter, from now on.
    ///
    /// It sees what reaches the interface and what leaves it, whoever it is for: of what two other
    /// nodes say to each other, a network usually brings nothing.
    ///
    /// # Panics
    /// If the node is not on this network, or cannot be used.
    #[track_caller]
    pub fn sniff(&self, network: &str, filter: Filter) -> Sniffer {
        let what = format!("network `{network}` (node `{}`; {filter})", self.name());
        let tool = Tool::Sniff {
            interface: self.interface(network).to_owned(),
            filter: filter.wanted,
        };
        match Line::ready(*self, tool) {
            Ok((line, _)) => Sniffer { line, what },
            Err(failure) => panic!("{failure}"),
        }
    }
}

impl Sniffer {
    /// Returns how many frames have matched so far. It does not wait for any that are on their way.
    ///
    /// # Panics
    /// If it has failed, or the node cannot be used.
    #[must_use]
    #[track_caller]
    pub fn count(&self) -> u64 {
        match self.seen(&Ask::SoFar) {
            Ok(frames) => frames.count,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Waits until as many frames have matched as are expected, and no more come, and ends: `0..=0`
    /// are none, `3..=3` three, `1..` at least one.
    ///
    /// It waits for at most 5 seconds for the least number. If there may be too many, it waits until
    /// there was none for a quarter of a second: what was sent before this is called and arrives is
    /// counted.
    ///
    /// # Panics
    /// If it is another number. The message has the first frames that matched, and the last others.
    #[track_caller]
    pub fn expect(self, count: impl RangeBounds<u64>) {
        let expected = Expected::of(count);
        match self.seen(&expected.ask()) {
            Ok(frames) if is_met(expected, &frames) => {}
            Ok(frames) => panic!("{}", self.told(expected, &frames)),
            Err(failure) => panic!("{failure}"),
        }
    }

    fn seen(&self, ask: &Ask) -> Result<Frames, Failure> {
        match self.line.ask(ask)? {
            Told::Frames(frames) => Ok(frames),
            told => Err(self.line.unexpected(&Ok(told))),
        }
    }

    fn told(&self, expected: Expected, frames: &Frames) -> String {
        let Frames {
            count,
            first,
            others,
            last_others,
            lost,
        } = frames;
        let mut text = format!(
            "expected {expected} of the frames on {}, but there were {count}",
            self.what
        );
        add(&mut text, "the first of them", first);
        let what = format!("{others} did not match, the last of them");
        add(&mut text, &what, last_others);
        if *lost > 0 {
            let _ = write!(text, "\n{lost} more came too fast to be looked at");
        }
        text
    }
}

/// Returns whether there are as many as expected, whatever those are that nobody looked at.
fn is_met(expected: Expected, frames: &Frames) -> bool {
    match frames.lost {
        0 => expected.holds(frames.count),
        _ => expected.holds_from(frames.count),
    }
}

fn add(text: &mut String, what: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _ = write!(text, "\n{what}:");
    }
    for line in lines {
        let _ = write!(text, "\n  {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_nobody_looked_at_leave_only_a_least_number_certain() {
        let frames = |count, lost| Frames {
            count,
            lost,
            ..Frames::default()
        };
        assert!(is_met(Expected::of(0..=0), &frames(0, 0)));
        assert!(!is_met(Expected::of(0..=0), &frames(0, 1)));
        assert!(is_met(Expected::of(2..), &frames(2, 1)));
        assert!(!is_met(Expected::of(2..), &frames(1, 1)));
    }
}
