//! Why a wait has failed, as an error.

use super::look::Evidence;
use super::pace::Unmet;
use super::scene::Scene;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fmt;
use std::time::Duration;
use vm_test_protocol::failure::Failure;

/// Why a wait has failed.
///
/// Its text names the condition, what the last look showed, the guest or node, and how long the
/// wait took.
/// [`fmt::Debug`] writes the same, since this is what a test that returns the error shows.
#[derive(Clone, PartialEq, Eq)]
pub struct WaitError {
    /// Boxed, because a large error would make every result large.
    facts: Box<Facts>,
}

/// What an error says, as data: a wait on a node returns it from there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    scene: Scene,
    condition: String,
    last: String,
    elapsed: Duration,
    failure: Failure,
}

impl WaitError {
    /// Returns the error of a wait in this place for this condition.
    pub(super) fn new(
        scene: Scene,
        condition: String,
        limit: Duration,
        unmet: Unmet,
        evidence: Option<Evidence>,
    ) -> Self {
        let Unmet {
            last,
            hint,
            elapsed,
            is_final,
        } = unmet;
        // A wait that was given up before its limit has not failed because of it.
        let within = if is_final {
            String::new()
        } else {
            format!(" within {limit:?}")
        };
        let (cause, rest) = last.split_once('\n').unwrap_or((last.as_str(), ""));
        let mut message = format!(
            "cannot see {condition}{within}: {cause} ({scene}, {:.1} s elapsed)",
            elapsed.as_secs_f64()
        );
        if !rest.is_empty() {
            message.push('\n');
            message.push_str(rest);
        }
        let mut failure = Failure::new(message);
        if let Some(Evidence { title, lines }) = evidence {
            failure = failure.with_lines(title, &lines);
        }
        if let Some(hint) = hint {
            failure = failure.hint(hint);
        }
        Self {
            facts: Box::new(Facts {
                scene,
                condition,
                last,
                elapsed,
                failure,
            }),
        }
    }

    /// Returns the name of the guest, or of the node of a lab.
    #[must_use]
    pub fn guest(&self) -> &str {
        self.facts.scene.name()
    }

    /// Returns what was to be seen, as in "port 80 open".
    #[must_use]
    pub fn condition(&self) -> &str {
        &self.facts.condition
    }

    /// Returns what the last look showed instead.
    #[must_use]
    pub fn last(&self) -> &str {
        &self.facts.last
    }

    /// Returns how long the wait took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.facts.elapsed
    }
}

#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
impl WaitError {
    /// Returns it as data.
    pub(crate) fn into_facts(self) -> Box<Facts> {
        self.facts
    }
}

#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
impl From<Box<Facts>> for WaitError {
    fn from(facts: Box<Facts>) -> Self {
        Self { facts }
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.facts.failure, f)
    }
}

impl fmt::Debug for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for WaitError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(unmet: Unmet, evidence: Option<Evidence>) -> WaitError {
        let limit = Duration::from_secs(5);
        WaitError::new(
            Scene::Guest("worker-1".to_owned()),
            "port 80 open".to_owned(),
            limit,
            unmet,
            evidence,
        )
    }

    fn unmet(last: &str, is_final: bool) -> Unmet {
        Unmet {
            last: last.to_owned(),
            hint: None,
            elapsed: Duration::from_millis(5020),
            is_final,
        }
    }

    #[test]
    fn its_text_names_condition_last_look_guest_and_time() {
        let error = error(unmet("nothing listens there", false), None);
        assert_eq!(
            error.to_string(),
            "cannot see port 80 open within 5s: nothing listens there (guest `worker-1`, 5.0 s elapsed)"
        );
        assert_eq!(format!("{error:?}"), error.to_string());
        assert_eq!(
            (error.guest(), error.condition(), error.last()),
            ("worker-1", "port 80 open", "nothing listens there")
        );
        assert_eq!(error.elapsed(), Duration::from_millis(5020));
    }

    #[test]
    fn a_wait_that_was_given_up_names_no_limit_and_shows_what_it_found() {
        let unmet = Unmet {
            hint: Some("start it"),
            ..unmet("it has failed", true)
        };
        let evidence = Evidence {
            title: "the last lines of its journal",
            lines: vec!["no such disk".to_owned()],
        };
        assert_eq!(
            error(unmet, Some(evidence)).to_string(),
            "cannot see port 80 open: it has failed (guest `worker-1`, 5.0 s elapsed)\n\
             the last lines of its journal:\n  | no such disk\n\
             hint: start it"
        );
    }

    #[test]
    fn of_a_last_look_with_several_lines_none_is_lost() {
        let error = error(unmet("no answer\ncaused by: refused", false), None);
        assert_eq!(
            error.to_string(),
            "cannot see port 80 open within 5s: no answer (guest `worker-1`, 5.0 s elapsed)\n\
             caused by: refused"
        );
    }
}
