//! An error on its way to the user: what went wrong, and the hint.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What stands before a failure where it is printed for people.
const PRINTED: &str = "error: ";

/// What stands between a failure and its cure.
const HINT: &str = "\nhint: ";

/// "cannot …: cause", and, where one is known, the cure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What could not be done, to what, and why: one sentence in lower case, without a full stop,
    /// in one line.
    pub message: String,
    /// What the reader can do about it.
    pub hint: Option<String>,
    /// Lines that belong to it, such as the last ones of a console.
    details: Vec<String>,
    kind: Kind,
}

/// What kind of failure it is, for code that has to treat it in its own way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// This host lacks something that the guest needs, so that no test in that guest can run here.
    Missing,
    /// The disk with the store is full.
    StoreFull,
    /// The host has no more memory.
    HostExhausted,
    /// Any other.
    #[default]
    Other,
}

impl Failure {
    /// A failure without a known cure. Lines behind the first one are details.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        let mut message: String = message.into();
        let mut details = Vec::new();
        if let Some((first, rest)) = message.split_once('\n') {
            details.extend(rest.split('\n').map(str::to_owned));
            message = first.to_owned();
        }
        Self {
            message,
            hint: None,
            details,
            kind: Kind::Other,
        }
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The same failure, of this kind.
    #[must_use]
    pub fn of(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The same failure, of a host that lacks something.
    #[must_use]
    pub fn missing(self) -> Self {
        self.of(Kind::Missing)
    }

    /// Whether this host lacks something that the guest needs.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.kind == Kind::Missing
    }

    /// The same failure with its message put into other words.
    #[must_use]
    pub fn reworded(mut self, words: impl FnOnce(&str) -> String) -> Self {
        let Self {
            message, details, ..
        } = Self::new(words(&self.message));
        self.message = message;
        self.details.splice(0..0, details);
        self
    }

    /// The message with its details, without the cure.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.message.clone();
        for line in &self.details {
            text.push('\n');
            text += line;
        }
        text
    }

    /// The same failure with its cure.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure with the last lines of a console behind its message.
    #[must_use]
    pub fn with_console(mut self, lines: &[String]) -> Self {
        if lines.is_empty() {
            self.details.push("its console is empty".to_owned());
        }
        self.with_lines("the last lines of its console", lines)
    }

    /// The same failure with lines behind its message, if there are any.
    #[must_use]
    pub fn with_lines(mut self, what: &str, lines: &[String]) -> Self {
        if !lines.is_empty() {
            self.details.push(format!("{what}:"));
        }
        let lines = lines.iter().map(|line| format!("  | {line}"));
        self.details.extend(lines);
        self
    }

    /// The last failure that a program of this project has printed, among all that it has printed.
    #[must_use]
    pub fn last_in(text: &str) -> Option<Self> {
        let begin = text
            .rmatch_indices(PRINTED)
            .map(|(at, _)| at)
            .find(|&at| at == 0 || text[..at].ends_with('\n'))?;
        let words = text[begin + PRINTED.len()..].trim_end();
        Some(match words.split_once(HINT) {
            Some((message, hint)) => Self::new(message).hint(hint),
            None => Self::new(words),
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())?;
        if let Some(hint) = &self.hint {
            write!(f, "{HINT}{hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_one_line_and_nothing_of_the_rest_is_lost() {
        let lines = ["a".to_owned(), "b".to_owned()];
        let failure = Failure::new("it died: why\n\nmore")
            .with_lines("its words", &lines)
            .hint("look");
        assert_eq!(failure.message, "it died: why");
        let text = "it died: why\n\nmore\nits words:\n  | a\n  | b";
        assert_eq!(failure.text(), text);
        assert_eq!(failure.to_string(), format!("{text}\nhint: look"));
        let failure = failure.reworded(|words| format!("cannot do it: {words} (here)"));
        assert_eq!(failure.message, "cannot do it: it died: why (here)");
        assert!(
            failure
                .text()
                .ends_with(" (here)\n\nmore\nits words:\n  | a\n  | b")
        );
        let empty = Failure::new("it died").with_console(&[]);
        assert_eq!(empty.text(), "it died\nits console is empty");
    }

    #[test]
    fn a_failure_is_of_the_kind_that_it_was_last_said_to_be() {
        assert_eq!(Failure::new("a").kind(), Kind::Other);
        assert!(Failure::new("a").missing().hint("b").is_missing());
        assert_eq!(
            Failure::new("a").of(Kind::StoreFull).kind(),
            Kind::StoreFull
        );
    }

    #[test]
    fn a_printed_failure_is_found_again_behind_older_ones() {
        let failure = Failure::new("cannot find it: no error: it is not there").hint("look");
        let printed = format!("error: old\nhint: older\nsome words\nerror: {failure}\n");
        assert_eq!(Failure::last_in(&printed), Some(failure));
        assert_eq!(Failure::last_in("error: a"), Some(Failure::new("a")));
        assert_eq!(Failure::last_in("an error: b"), None);
    }
}
