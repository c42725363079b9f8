//! An error for the user: what went wrong, and a hint.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The prefix of a failure when it is printed.
const PRINTED: &str = "error: ";

/// The separator between a failure and its hint.
const HINT: &str = "\nhint: ";

/// A message "cannot …: cause", and a hint where one is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What could not be done, and why: one lower-case sentence in one line, without a full stop.
    pub message: String,
    /// What the reader can do about it.
    pub hint: Option<String>,
    /// Further lines, such as the last ones of a console.
    details: Vec<String>,
    kind: Kind,
}

/// The kind of a failure, for code that handles it specially.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// The host lacks something that the guest needs, so that no test in that guest can run here.
    Missing,
    /// The disk with the store is full.
    StoreFull,
    /// The host is out of memory.
    HostExhausted,
    /// Any other failure.
    #[default]
    Other,
}

impl Failure {
    /// Returns a failure without a hint. Lines after the first one are details.
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

    /// Returns the kind of the failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Sets the kind.
    #[must_use]
    pub fn of(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Marks it as caused by something that the host lacks.
    #[must_use]
    pub fn missing(self) -> Self {
        self.of(Kind::Missing)
    }

    /// Returns whether the host lacks something that the guest needs.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.kind == Kind::Missing
    }

    /// Replaces the message.
    #[must_use]
    pub fn reworded(mut self, words: impl FnOnce(&str) -> String) -> Self {
        let Self {
            message, details, ..
        } = Self::new(words(&self.message));
        self.message = message;
        self.details.splice(0..0, details);
        self
    }

    /// Returns the message with its details, without the hint.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.message.clone();
        for line in &self.details {
            text.push('\n');
            text += line;
        }
        text
    }

    /// Sets the hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the last lines of a console as details.
    #[must_use]
    pub fn with_console(mut self, lines: &[String]) -> Self {
        if lines.is_empty() {
            self.details.push("its console is empty".to_owned());
        }
        self.with_lines("the last lines of its console", lines)
    }

    /// Adds lines as details, if there are any.
    #[must_use]
    pub fn with_lines(mut self, what: &str, lines: &[String]) -> Self {
        if !lines.is_empty() {
            self.details.push(format!("{what}:"));
        }
        let lines = lines.iter().map(|line| format!("  | {line}"));
        self.details.extend(lines);
        self
    }

    /// Parses the last failure that a program of this project printed in this text.
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
