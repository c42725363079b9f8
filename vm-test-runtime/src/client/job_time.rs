//! The time of a job by the host's clock: when its agent is told to end it, and until when the
//! agent may answer. Reads no clock and says nothing itself.

use std::time::{Duration, Instant};
use vm_test_protocol::harvest::HARVEST_TIME;

/// The time limits of one job.
#[derive(Clone, Copy, Debug)]
pub(super) struct JobTime {
    limit: Option<Instant>,
    grace: Duration,
    /// Whether the agent was told to end the job.
    is_told: bool,
    /// Whether the job has ended, and the agent is sending what it has left.
    is_over: bool,
    deadline: Option<Instant>,
}

impl JobTime {
    /// Returns the time of a job that ends at its limit, after which the agent has this grace to
    /// report it.
    pub(super) fn new(limit: Option<Instant>, grace: Duration) -> Self {
        Self {
            limit,
            grace,
            is_told: false,
            is_over: false,
            deadline: None,
        }
    }

    /// Returns the time of an agent that was asked for what jobs have left, with this grace to begin.
    pub(super) fn of_files(now: Instant, grace: Duration) -> Self {
        Self {
            limit: None,
            grace,
            is_told: true,
            is_over: false,
            deadline: Some(now + grace),
        }
    }

    /// Returns whether the agent must now be told that the time is up; true once.
    ///
    /// `is_asked` tells whether a user wants the job to end before its limit.
    pub(super) fn must_end(&mut self, now: Instant, is_asked: bool) -> bool {
        let is_up = !self.is_over && self.limit.is_some_and(|limit| now >= limit);
        if self.is_told || !(is_up || is_asked) {
            return false;
        }
        self.is_told = true;
        if !self.is_over {
            self.deadline = Some(now + self.grace);
        }
        true
    }

    /// Notes that the job has ended, since files that it left arrive. Sending them has its own time
    /// limit.
    pub(super) fn is_over(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.is_over, true) {
            self.deadline = Some(now + HARVEST_TIME + self.grace);
        }
    }

    /// Returns how long to wait for the agent's next message: until it is told to end the job, or
    /// until its grace ends; `None` means forever.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let until = self.deadline.or(self.limit)?;
        Some(until.saturating_duration_since(now))
    }

    /// Returns whether the agent's grace is over.
    pub(super) fn is_spent(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(10);
    const LIMIT: Duration = Duration::from_secs(60);

    fn second(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn a_job_without_a_limit_is_never_told_to_end_and_always_waited_for() {
        let began = Instant::now();
        let mut time = JobTime::new(None, GRACE);
        assert!(!time.must_end(began + second(100_000), false));
        assert_eq!(time.left(began), None);
        assert!(!time.is_spent(began + second(100_000)));
    }

    #[test]
    fn at_its_limit_the_agent_is_told_once_and_has_its_grace() {
        let began = Instant::now();
        let mut time = JobTime::new(Some(began + LIMIT), GRACE);
        assert!(!time.must_end(began + second(59), false));
        assert_eq!(time.left(began + second(59)), Some(second(1)));
        assert!(time.must_end(began + LIMIT, false));
        assert!(!time.must_end(began + second(61), false));
        assert!(!time.must_end(began + second(62), true));
        assert_eq!(time.left(began + second(61)), Some(second(9)));
        assert!(!time.is_spent(began + second(69)));
        assert!(time.is_spent(began + second(70)));
    }

    #[test]
    fn an_agent_that_was_asked_for_files_has_its_grace_to_begin_and_then_the_time_for_files() {
        let began = Instant::now();
        let mut time = JobTime::of_files(began, GRACE);
        assert!(!time.must_end(began + second(1), true));
        assert!(!time.is_spent(began + second(9)));
        assert!(time.is_spent(began + GRACE));
        time.is_over(began + second(9));
        assert!(!time.is_spent(began + HARVEST_TIME));
        assert!(time.is_spent(began + second(9) + HARVEST_TIME + GRACE));
    }

    #[test]
    fn whoever_asks_for_the_end_does_not_wait_for_the_limit() {
        let began = Instant::now();
        let mut time = JobTime::new(Some(began + LIMIT), GRACE);
        assert!(time.must_end(began + second(5), true));
        assert_eq!(time.left(began + second(5)), Some(GRACE));
        assert!(!time.must_end(began + LIMIT, false));
    }

    #[test]
    fn what_a_job_leaves_may_come_after_the_limit_of_a_job_that_was_over_in_time() {
        let began = Instant::now();
        let mut time = JobTime::new(Some(began + LIMIT), GRACE);
        time.is_over(began + second(59));
        assert!(!time.must_end(began + second(61), false));
        assert!(!time.is_spent(began + LIMIT + GRACE));
        time.is_over(began + second(100));
        assert!(time.is_spent(began + second(59) + HARVEST_TIME + GRACE));
    }

    #[test]
    fn what_a_job_leaves_may_come_after_the_grace_of_one_that_was_told_to_end() {
        let began = Instant::now();
        let mut time = JobTime::new(Some(began + LIMIT), GRACE);
        assert!(time.must_end(began + LIMIT, false));
        time.is_over(began + second(62));
        assert!(!time.is_spent(began + LIMIT + GRACE));
        assert!(time.is_spent(began + second(62) + HARVEST_TIME + GRACE));
    }
}
