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
    /// What could not be done, to what, and why: one sentence in lower case, without a full stop.
    pub message: String,
    /// What the reader can do about it.
    pub hint: Option<String>,
    /// Whether this host lacks something that the guest needs, so that no test in that guest can run here.
    pub missing: bool,
}

impl Failure {
    /// A failure without a known cure.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            missing: false,
        }
    }

    /// The same failure, of a host that lacks something.
    #[must_use]
    pub fn missing(mut self) -> Self {
        self.missing = true;
        self
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
            self.message += "\nits console is empty";
        }
        self.with_lines("the last lines of its console", lines)
    }

    /// The same failure with lines behind its message, if there are any.
    #[must_use]
    pub fn with_lines(mut self, what: &str, lines: &[String]) -> Self {
        if !lines.is_empty() {
            self.message += &format!("\n{what}:");
        }
        for line in lines {
            self.message += "\n  | ";
            self.message += line;
        }
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
        f.write_str(&self.message)?;
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
    fn a_printed_failure_is_found_again_behind_older_ones() {
        let failure = Failure::new("cannot find it: no error: it is not there").hint("look");
        let printed = format!("error: old\nhint: older\nsome words\nerror: {failure}\n");
        assert_eq!(Failure::last_in(&printed), Some(failure));
        assert_eq!(Failure::last_in("error: a"), Some(Failure::new("a")));
        assert_eq!(Failure::last_in("an error: b"), None);
    }
}
