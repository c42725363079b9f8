//! What the daemon and the process that keepers are copies of say to each other: plain data, each in one
//! message of a socket that keeps messages apart.

use serde::{Deserialize, Serialize};
use std::io;
use vm_test_protocol::frame;

/// No order and no answer is longer, in bytes.
pub(super) const LONGEST: usize = 64;

/// A keeper to be made. Its connection, its stream and the pipe that it waits at come beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) user: bool,
    pub(super) network: bool,
    pub(super) keep_groups: bool,
}

/// The process id of the keeper, whose descriptor comes beside, or the number of the error.
pub(super) type Answer = Result<i32, i32>;

/// How many user ids and group ids it has, if it passes them on to its copies.
pub(super) type Counts = Option<(u32, u32)>;

/// Tells it that it has its ids.
pub(super) const MAPPED: &[u8; 1] = b"m";

pub(super) fn encode<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    frame::encode(message)
}

pub(super) fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> io::Result<T> {
    let message = frame::read(bytes)?;
    message.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_answers_fit_into_a_message() {
        let order = Order {
            user: true,
            network: true,
            keep_groups: true,
        };
        let bytes = encode(&order).unwrap();
        assert!(bytes.len() <= LONGEST);
        assert_eq!(decode::<Order>(&bytes).unwrap(), order);
        for answer in [Answer::Ok(i32::MAX), Answer::Err(i32::MAX)] {
            let bytes = encode(&answer).unwrap();
            assert!(bytes.len() <= LONGEST);
            assert_eq!(decode::<Answer>(&bytes).unwrap(), answer);
        }
    }
}
