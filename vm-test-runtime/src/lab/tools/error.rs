//! What the network says if it does not let a test do something. Words only.

use std::fmt;
use vm_test_protocol::tool::{Hindrance, LONGEST_ANSWER};

/// Why the network did not let something happen.
///
/// It is about the network alone: if the node itself cannot be used, the test panics.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetError {
    /// The other side refused the connection: nothing listens there, or a firewall rejects it so.
    Refused,
    /// The connection was broken.
    Reset,
    /// There is no way to the address, or something on the way says that it may not be used.
    Unreachable(String),
    /// Nothing came, or not all, within the time limit.
    TimedOut {
        /// Whether there was a connection.
        is_connected: bool,
        /// What had come by then: the first 64 KiB of it.
        received: Vec<u8>,
    },
    /// The answer is longer than 16 MiB, or does not follow its protocol.
    Unusable(String),
    /// Anything else that the kernel says.
    Other(String),
}

impl NetError {
    pub(super) fn of(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::Refused => Self::Refused,
            Hindrance::Reset => Self::Reset,
            Hindrance::Unreachable(cause) => Self::Unreachable(cause),
            Hindrance::TimedOut {
                is_connected,
                received,
            } => Self::TimedOut {
                is_connected,
                received,
            },
            Hindrance::Unusable(cause) => Self::Unusable(cause),
            Hindrance::Other(cause) => Self::Other(cause),
        }
    }

    /// Returns that an answer is too long.
    pub(super) fn too_long() -> Self {
        Self::Unusable(format!("it is longer than {LONGEST_ANSWER} bytes"))
    }

    /// Returns whether the other side refused the connection.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused)
    }

    /// Returns whether the time limit was over.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// Returns whether there is no way to the address.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }

    /// Returns whether no connection came about: it was refused, the address is unreachable, or
    /// nothing answered in time.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::Unreachable(_)
                | Self::TimedOut {
                    is_connected: false,
                    ..
                }
        )
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => to.write_str("the connection was refused"),
            Self::Reset => to.write_str("the connection was broken"),
            Self::Unreachable(cause) => write!(to, "there is no way to it: {cause}"),
            Self::TimedOut {
                is_connected: false,
                ..
            } => to.write_str("nothing answered within the time limit"),
            Self::TimedOut { received, .. } => write!(
                to,
                "the time was up before the end of the answer, of which {} bytes had come",
                received.len()
            ),
            Self::Unusable(cause) => write!(to, "its answer cannot be used: {cause}"),
            Self::Other(cause) => to.write_str(cause),
        }
    }
}

impl std::error::Error for NetError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_is_what_never_came_about() {
        let timed_out = |is_connected| NetError::TimedOut {
            is_connected,
            received: b"he".to_vec(),
        };
        for (error, is_blocked, words) in [
            (NetError::Refused, true, "the connection was refused"),
            (
                NetError::Unreachable("No route to host".to_owned()),
                true,
                "there is no way to it: No route to host",
            ),
            (
                timed_out(false),
                true,
                "nothing answered within the time limit",
            ),
            (
                timed_out(true),
                false,
                "the time was up before the end of the answer, of which 2 bytes had come",
            ),
            (NetError::Reset, false, "the connection was broken"),
            (NetError::Other("why".to_owned()), false, "why"),
            (
                NetError::too_long(),
                false,
                "its answer cannot be used: it is longer than 16777216 bytes",
            ),
        ] {
            assert_eq!(error.is_blocked(), is_blocked, "{error:?}");
            assert_eq!(error.to_string(), words);
        }
    }
}
