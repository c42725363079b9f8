//! A series of echo requests, one after each interval, until there were enough or the tool is asked
//! to end.

use super::address::find_host;
use super::echoes::Echoes;
use super::icmp::Kind;
use super::stop::Stop;
use super::streams::Streams;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};
use vm_test_protocol::tool::{self, Ask, MOST_ECHOES, Told};

/// The shortest time between two requests.
const SHORTEST: Duration = Duration::from_millis(1);

/// Sends requests; says what has come of them when it is asked, and at the end.
pub(super) fn ping(
    to: &str,
    count: u32,
    interval: Duration,
    within: Duration,
    streams: &mut Streams,
) -> Result<(), Stop> {
    let to = find_host(to)?;
    let cannot = |error| Stop::cannot("ping", error);
    let socket = Echoes::open(to).map_err(cannot)?;
    streams.say(&Told::Ready(None))?;
    let mut round = Round::begin(count, interval, within, Instant::now());
    loop {
        while let Some(number) = round.due(Instant::now()) {
            if let Err(error) = socket.send(number) {
                round.trouble = Some(error.to_string());
            }
        }
        let now = Instant::now();
        let Some(wait) = round.wait(now) else {
            return streams.say(&Told::Echoes(round.told()));
        };
        let ready = streams.await_any(socket.as_fd(), Some(wait))?;
        while ready.source
            && let Some((from, answer)) = socket.receive().map_err(cannot)?
        {
            match answer.kind {
                Kind::Reply if from == to.ip() => round.answered(answer.number, Instant::now()),
                // Another host must not answer for it.
                Kind::Reply => {}
                Kind::Exceeded => {
                    round.trouble = Some(format!("{from}: it is in a loop of routers"))
                }
                Kind::Undelivered(reason) => round.trouble = Some(format!("{from}: {reason}")),
            }
        }
        if ready.input {
            match streams.hear()? {
                None => return Ok(()),
                Some(asks) => {
                    for ask in asks {
                        match ask {
                            Ask::SoFar | Ask::Fail { .. } => {
                                streams.say(&Told::Echoes(round.told()))?;
                            }
                            Ask::Settle { .. } => round.count = round.sent.len(),
                        }
                    }
                }
            }
        }
    }
}

/// What was sent and what has come of it.
#[derive(Debug)]
struct Round {
    /// How many are to be sent.
    count: usize,
    interval: Duration,
    within: Duration,
    /// When the next one is due.
    next: Instant,
    /// When each was sent, and how long its answer took.
    sent: Vec<(Instant, Option<Duration>)>,
    trouble: Option<String>,
}

impl Round {
    fn begin(count: u32, interval: Duration, within: Duration, now: Instant) -> Self {
        Self {
            count: usize::try_from(count.min(MOST_ECHOES)).unwrap_or(usize::MAX),
            interval: interval.max(SHORTEST),
            within,
            next: now,
            sent: Vec::new(),
            trouble: None,
        }
    }

    /// Returns the number of the next request if it is to be sent now.
    fn due(&mut self, now: Instant) -> Option<u16> {
        if self.sent.len() >= self.count || now < self.next {
            return None;
        }
        let number = u16::try_from(self.sent.len()).ok()?;
        self.sent.push((now, None));
        // Where the system has slept, what was due meanwhile is not sent all at once.
        self.next = (self.next + self.interval).max(now);
        Some(number)
    }

    /// Notes an answer. One that comes too late is none.
    fn answered(&mut self, number: u16, now: Instant) {
        if let Some((sent, took)) = self.sent.get_mut(usize::from(number)) {
            let time = now.saturating_duration_since(*sent);
            if took.is_none() && time <= self.within {
                *took = Some(time);
            }
        }
    }

    /// Returns how long to wait for anything, or `None` if there is nothing to wait for.
    fn wait(&self, now: Instant) -> Option<Duration> {
        let next = (self.sent.len() < self.count).then_some(self.next);
        let mut unanswered = self.sent.iter().filter(|(_, took)| took.is_none());
        // The last one's time is up last.
        let last = unanswered.next_back().map(|(sent, _)| *sent + self.within);
        let until = next.or(last.filter(|last| *last > now))?;
        Some(until.saturating_duration_since(now))
    }

    fn told(&self) -> tool::Echoes {
        tool::Echoes {
            times: self.sent.iter().map(|(_, took)| *took).collect(),
            trouble: self.trouble.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(10);

    #[test]
    fn requests_are_due_one_after_each_interval_and_the_last_one_is_waited_for() {
        let now = Instant::now();
        let mut round = Round::begin(2, STEP, STEP * 3, now);
        assert_eq!((round.due(now), round.due(now)), (Some(0), None));
        assert_eq!(round.wait(now), Some(STEP));
        round.answered(0, now + STEP / 2);
        assert_eq!(round.due(now + STEP), Some(1));
        assert_eq!(round.due(now + STEP * 9), None, "there were enough");
        assert_eq!(round.wait(now + STEP), Some(STEP * 3));
        assert_eq!(round.wait(now + STEP * 4), None);
        assert_eq!(round.told().times, [Some(STEP / 2), None]);
        round.answered(1, now + STEP * 2);
        assert_eq!(round.wait(now + STEP * 2), None, "all are answered");
    }

    #[test]
    fn an_answer_that_is_late_comes_twice_or_was_not_asked_for_is_none() {
        let now = Instant::now();
        let mut round = Round::begin(2, STEP, STEP, now);
        assert_eq!((round.due(now), round.due(now + STEP)), (Some(0), Some(1)));
        round.answered(0, now + STEP * 2);
        round.answered(1, now + STEP);
        round.answered(1, now + STEP * 2);
        round.answered(7, now);
        assert_eq!(round.told().times, [None, Some(Duration::ZERO)]);
    }

    #[test]
    fn after_a_sleep_of_the_system_requests_go_on_at_their_pace() {
        let now = Instant::now();
        let mut round = Round::begin(u32::MAX, Duration::ZERO, STEP, now);
        assert_eq!(round.count, 10_000);
        assert_eq!(round.due(now), Some(0));
        let later = now + STEP * 1000;
        assert_eq!(round.due(later), Some(1));
        assert_eq!(round.due(later), Some(2));
        assert_eq!(round.due(later), None);
    }
}
