//! Echo requests from nodes: a series of them, or one that goes on while the test does other things.

use super::super::handle::Node;
use super::line::Line;
use std::fmt;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::tool::{Ask, Echoes, MOST_ECHOES, Told, Tool};

/// What a series is unless the test sets it.
const COUNT: u32 = 3;
const INTERVAL: Duration = Duration::from_millis(100);
const WITHIN: Duration = Duration::from_secs(2);

/// Echo requests that are to be sent from a node.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until this is told to"]
pub struct Ping {
    node: Node,
    to: String,
    count: Option<u32>,
    interval: Duration,
    within: Duration,
}

/// What has come of echo requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pings {
    /// How many requests were sent.
    pub sent: usize,
    /// How many of them were answered in time.
    pub received: usize,
    /// How long the answer to each request took, in the order in which they were sent; `None` if
    /// there was none in time.
    pub times: Vec<Option<Duration>>,
    /// The last error, of the node or of a router.
    pub trouble: Option<String>,
}

/// Echo requests that go on. Dropped, they end.
#[derive(Debug)]
#[must_use = "the requests end when this is dropped"]
pub struct Pinging {
    line: Line,
}

impl Node {
    /// Prepares echo requests from the node to an address or a name.
    pub fn ping(&self, to: impl ToString) -> Ping {
        Ping {
            node: *self,
            to: to.to_string(),
            count: None,
            interval: INTERVAL,
            within: WITHIN,
        }
    }
}

impl Ping {
    /// Sends so many, at most 10,000; without this, 3, or as many as there can be if it is started.
    pub fn count(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// Sets the time from one to the next, at least a millisecond; without this, 100 ms.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets how long each answer may take; without this, 2 seconds.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// Sends them, waits for their answers, and returns what has come of them.
    ///
    /// # Panics
    /// If the node cannot be used, or does not know the name.
    #[track_caller]
    pub fn run(self) -> Pings {
        match self.ran() {
            Ok(pings) => pings,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Sends them, and returns what has come of them.
    ///
    /// # Panics
    /// If not all are answered, or the node cannot be used.
    #[track_caller]
    pub fn succeeds(self) -> Pings {
        let words = self.shown();
        let pings = self.run();
        assert!(
            pings.sent > 0 && pings.received == pings.sent,
            "cannot ping {words}: {pings}"
        );
        pings
    }

    /// Sends them.
    ///
    /// # Panics
    /// If any is answered, or the node cannot be used.
    #[track_caller]
    pub fn fails(self) {
        let words = self.shown();
        let pings = self.run();
        assert!(
            pings.sent > 0 && pings.received == 0,
            "expected no answer to pings of {words}: {pings}"
        );
    }

    /// Sends them while the test goes on; returns after the node has begun.
    ///
    /// # Panics
    /// If the node cannot be used, or does not know the name.
    #[track_caller]
    pub fn start(self) -> Pinging {
        match self.started(MOST_ECHOES) {
            Ok(line) => Pinging { line },
            Err(failure) => panic!("{failure}"),
        }
    }

    fn ran(self) -> Result<Pings, Failure> {
        let line = self.started(COUNT)?;
        let said = line.told()?;
        match said {
            Ok(Told::Echoes(echoes)) => Ok(Pings::of(echoes)),
            said => Err(line.unexpected(&said)),
        }
    }

    fn started(self, count: u32) -> Result<Line, Failure> {
        let tool = Tool::Ping {
            to: self.to,
            count: self.count.unwrap_or(count),
            interval: self.interval,
            within: self.within,
        };
        Line::ready(self.node, tool).map(|(line, _)| line)
    }

    fn shown(&self) -> String {
        format!("{} (node `{}`)", self.to, self.node.name())
    }
}

impl Pinging {
    /// Returns what has come of the requests so far; that of the last ones may still be on its way.
    ///
    /// # Panics
    /// If it has failed, or the node cannot be used.
    #[must_use]
    #[track_caller]
    pub fn so_far(&self) -> Pings {
        match self.seen(&Ask::SoFar) {
            Ok(pings) => pings,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Sends no more, waits for the last answers, and returns what has come of all requests.
    ///
    /// # Panics
    /// If it has failed, or the node cannot be used.
    #[track_caller]
    pub fn stop(self) -> Pings {
        let end = Ask::Settle {
            least: 0,
            most: None,
            patience: Duration::ZERO,
            quiet: Duration::ZERO,
        };
        match self.seen(&end) {
            Ok(pings) => pings,
            Err(failure) => panic!("{failure}"),
        }
    }

    fn seen(&self, ask: &Ask) -> Result<Pings, Failure> {
        match self.line.ask(ask)? {
            Told::Echoes(echoes) => Ok(Pings::of(echoes)),
            told => Err(self.line.unexpected(&Ok(told))),
        }
    }
}

impl Pings {
    fn of(echoes: Echoes) -> Self {
        let Echoes { times, trouble } = echoes;
        Self {
            sent: times.len(),
            received: times.iter().flatten().count(),
            times,
            trouble,
        }
    }

    /// Returns whether the request of this number was answered in time; the first one is 0.
    #[must_use]
    pub fn is_answered(&self, number: usize) -> bool {
        self.times.get(number).is_some_and(Option::is_some)
    }
}

impl fmt::Display for Pings {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} of {} were answered", self.received, self.sent)?;
        match &self.trouble {
            Some(trouble) => write!(to, "; the last error was: {trouble}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pings_say_which_were_answered() {
        let time = Some(Duration::from_millis(1));
        let pings = Pings::of(Echoes {
            times: vec![time, None, time],
            trouble: Some("10.0.0.1: it is prohibited".to_owned()),
        });
        let answered = [0, 1, 2, 3].map(|number| pings.is_answered(number));
        assert_eq!(answered, [true, false, true, false]);
        assert_eq!((pings.sent, pings.received), (3, 2));
        let words = "2 of 3 were answered; the last error was: 10.0.0.1: it is prohibited";
        assert_eq!(pings.to_string(), words);
    }
}
