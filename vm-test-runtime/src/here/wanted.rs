//! A condition as plain data, which can be sent to a node of a lab and waited for there.

use super::condition::Condition;
use super::error::WaitError;
use super::file::FileThere;
use super::listener::Port;
use super::log::LogLine;
use super::look::Watched;
use super::pace::Unmet;
use super::scene::Scene;
use super::unit::Unit;
use super::until::{Answer, Until};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Wanted {
    /// Something listens on this TCP port.
    Port(u16),
    /// This unit of systemd is active.
    Unit(String),
    /// There is a file with this path.
    File(PathBuf),
    /// This file has a line with this text.
    LogLine { path: PathBuf, text: String },
}

impl Wanted {
    /// Waits for it in this process, which runs in this place; returns the line that was waited for.
    pub(crate) fn wait(self, scene: Scene, limit: Duration) -> Result<Option<String>, WaitError> {
        let nothing = |()| None;
        match self {
            Self::Port(port) => Condition::new(scene, Port(port))
                .try_within(limit)
                .map(nothing),
            Self::Unit(name) => Condition::new(scene, Unit(name))
                .try_within(limit)
                .map(nothing),
            Self::File(path) => {
                let condition = Condition::new(scene, FileThere(path));
                condition.try_within(limit).map(nothing)
            }
            Self::LogLine { path, text } => {
                let condition = Condition::new(scene, LogLine { path, text });
                condition.try_within(limit).map(Some)
            }
        }
    }

    /// Returns the error of a wait that could not take place, or whose end is not known.
    pub(crate) fn unknown(self, scene: Scene, cause: String, elapsed: Duration) -> WaitError {
        let what = match self {
            Self::Port(port) => Port(port).what(),
            Self::Unit(name) => Unit(name).what(),
            Self::File(path) => FileThere(path).what(),
            Self::LogLine { path, text } => LogLine { path, text }.what(),
        };
        let unmet = Unmet {
            last: cause,
            hint: None,
            elapsed,
            is_final: true,
        };
        WaitError::new(scene, what, elapsed, unmet, None)
    }
}

/// Returns the condition in this place that a closure of this process answers with a value.
pub(crate) fn until<'a, A, F>(scene: Scene, what: String, ask: F) -> Condition<'a, A::Value>
where
    A: Answer,
    F: FnMut() -> A + 'a,
{
    Condition::new(scene, Until { what, ask })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> Scene {
        Scene::Node("a".to_owned())
    }

    #[test]
    fn what_is_sent_is_waited_for_and_named_as_it_is_in_a_guest() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("log");
        let log = Wanted::LogLine {
            path: path.clone(),
            text: "ready".to_owned(),
        };
        let error = log.clone().wait(node(), Duration::ZERO).unwrap_err();
        let words = format!(
            "cannot see a line with \"ready\" in {} within 0ns: it is not there (node `a`, 0.0 s \
             elapsed)",
            path.display()
        );
        assert_eq!(error.to_string(), words);
        assert_eq!(WaitError::from(error.clone().into_facts()), error);
        std::fs::write(&path, "ready: 1\n").unwrap();
        let line = Some("ready: 1".to_owned());
        assert_eq!(log.wait(node(), Duration::ZERO), Ok(line));
        assert_eq!(Wanted::File(path).wait(node(), Duration::ZERO), Ok(None));
    }

    #[test]
    fn a_wait_that_could_not_take_place_says_so() {
        let elapsed = Duration::from_millis(1200);
        let error = Wanted::Port(80).unknown(node(), "it died".to_owned(), elapsed);
        let words = "cannot see port 80 open: it died (node `a`, 1.2 s elapsed)";
        assert_eq!(error.to_string(), words);
        assert_eq!((error.guest(), error.last()), ("a", "it died"));
    }
}
