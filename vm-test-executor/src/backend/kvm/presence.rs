//! Whether a VM's agent is connected, judged by QEMU's events about its port and their times. Reads
//! no clock, ends nothing.

use std::time::{Duration, Instant};

/// How long a guest may outlive its agent.
///
/// A guest that powers off ends its agent first, and its power-off is the better cause.
const GUESTS_END: Duration = Duration::from_secs(5);

/// What is known about the agent.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Whether it has connected: a port that its driver only resets is reported as closed, too.
    has_come: bool,
    gone_since: Option<Instant>,
}

impl Presence {
    /// Notes that the port was open or closed at that time.
    pub(super) fn note(&mut self, is_open: bool, when: Instant) {
        self.has_come |= is_open;
        self.gone_since = if self.has_come && !is_open {
            self.gone_since.or(Some(when))
        } else {
            None
        };
    }

    /// Returns when the guest will have been without its agent for too long, unless the agent comes
    /// back.
    pub(super) fn deadline(&self) -> Option<Instant> {
        Some(self.gone_since? + GUESTS_END)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the deadline after these events, all in seconds from the first one.
    fn deadline(events: &[(u64, bool)]) -> Option<u64> {
        let began = Instant::now();
        let mut presence = Presence::default();
        for &(second, is_open) in events {
            presence.note(is_open, began + Duration::from_secs(second));
        }
        Some((presence.deadline()? - began).as_secs())
    }

    #[test]
    fn a_port_that_is_reset_before_the_agent_has_come_sets_no_deadline() {
        assert_eq!(deadline(&[]), None);
        assert_eq!(deadline(&[(0, false)]), None);
        assert_eq!(deadline(&[(0, false), (1, false)]), None);
    }

    #[test]
    fn an_agent_that_is_there_has_no_deadline_whatever_was_said_before() {
        assert_eq!(deadline(&[(0, true)]), None);
        assert_eq!(deadline(&[(0, false), (1, true)]), None);
        assert_eq!(
            deadline(&[(0, false), (1, true), (2, false), (6, true)]),
            None
        );
    }

    #[test]
    fn an_agent_that_has_gone_has_one_from_its_going_on() {
        assert_eq!(deadline(&[(1, true), (3, false)]), Some(8));
        assert_eq!(deadline(&[(0, false), (1, true), (3, false)]), Some(8));
        // A repeated event does not extend the time.
        assert_eq!(deadline(&[(1, true), (3, false), (7, false)]), Some(8));
        assert_eq!(
            deadline(&[(1, true), (2, false), (3, true), (9, false)]),
            Some(14)
        );
    }
}
