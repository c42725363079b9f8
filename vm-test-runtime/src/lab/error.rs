//! Why something on a node did not end as it should. Words only.

use std::fmt;
use vm_test_protocol::failure::Failure;

/// Why a call or command on a node has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeError {
    /// The function panicked there.
    Panicked {
        /// The node's name.
        node: String,
        /// The message, if the payload was a string.
        message: Option<String>,
        /// `file:line:column` of the panic.
        location: Option<String>,
    },
    /// It ended without a result: it was killed, exited, or returned something that cannot be sent.
    Ended {
        /// The node's name.
        node: String,
        /// How it ended.
        how: String,
    },
    /// What was to be done there could not be done.
    Failed {
        /// The node's name.
        node: String,
        /// What it was, as in "read /etc/keys".
        what: String,
        /// The cause.
        cause: String,
    },
    /// It was not run, or the node has died.
    Refused {
        /// The node's name.
        node: String,
        /// The cause.
        cause: String,
        /// What can be done about it.
        hint: Option<String>,
    },
}

impl NodeError {
    pub(super) fn refused(node: &str, failure: Failure) -> Self {
        Self::Refused {
            node: node.to_owned(),
            hint: failure.hint.clone(),
            cause: failure.text(),
        }
    }

    pub(super) fn ended(node: &str, how: impl Into<String>) -> Self {
        Self::Ended {
            node: node.to_owned(),
            how: how.into(),
        }
    }

    pub(super) fn failed(node: &str, what: &str, cause: impl Into<String>) -> Self {
        Self::Failed {
            node: node.to_owned(),
            what: what.to_owned(),
            cause: cause.into(),
        }
    }

    /// Returns the name of the node.
    #[must_use]
    pub fn node(&self) -> &str {
        match self {
            Self::Panicked { node, .. }
            | Self::Ended { node, .. }
            | Self::Failed { node, .. }
            | Self::Refused { node, .. } => node,
        }
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked {
                node,
                message,
                location,
            } => {
                write!(to, "node `{node}` panicked")?;
                if let Some(location) = location {
                    write!(to, " at {location}")?;
                }
                match message {
                    Some(message) => write!(to, ": {message}"),
                    None => to.write_str(" with a payload that is not a text"),
                }
            }
            Self::Ended { node, how } => write!(to, "no result from node `{node}`: {how}"),
            Self::Failed { node, what, cause } => {
                write!(to, "cannot {what} on node `{node}`: {cause}")
            }
            Self::Refused { node, cause, hint } => {
                write!(to, "cannot use node `{node}`: {cause}")?;
                match hint {
                    Some(hint) => write!(to, "\nhint: {hint}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for NodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_names_its_node_and_what_happened() {
        let node = || "t1".to_owned();
        for (error, words) in [
            (
                NodeError::Panicked {
                    node: node(),
                    message: Some("no route".to_owned()),
                    location: Some("src/lib.rs:7:5".to_owned()),
                },
                "node `t1` panicked at src/lib.rs:7:5: no route",
            ),
            (
                NodeError::Panicked {
                    node: node(),
                    message: None,
                    location: None,
                },
                "node `t1` panicked with a payload that is not a text",
            ),
            (
                NodeError::ended("t1", "signal 9 killed its process"),
                "no result from node `t1`: signal 9 killed its process",
            ),
            (
                NodeError::failed("t1", "read /etc/keys", "it is not there"),
                "cannot read /etc/keys on node `t1`: it is not there",
            ),
            (
                NodeError::refused("t1", Failure::new("it died").hint("look at its console")),
                "cannot use node `t1`: it died\nhint: look at its console",
            ),
        ] {
            assert_eq!(error.to_string(), words);
            assert_eq!(error.node(), "t1");
        }
    }
}
