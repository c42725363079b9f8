//! What a request keeps for its reply and for an error, in the one number that it can carry.

use super::reply::Kind;

/// What a request keeps for its reply, in its `detail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) number: u64,
    pub(super) kind: Kind,
    pub(super) sequence: u8,
    /// Whether it goes on behind a full packet, so that the number of its reply is not known yet.
    pub(super) is_long: bool,
    pub(super) is_greeting: bool,
}

impl Detail {
    pub(super) fn pack(self) -> u64 {
        self.number << 24
            | u64::from(self.is_greeting) << 17
            | u64::from(self.is_long) << 16
            | u64::from(self.sequence) << 8
            | u64::from(self.kind as u8)
    }

    pub(super) fn unpack(detail: u64) -> Self {
        let [kind, sequence, flags, ..] = detail.to_le_bytes();
        Self {
            number: detail >> 24,
            kind: Kind::from_number(kind),
            sequence,
            is_long: flags & 1 != 0,
            is_greeting: flags & 2 != 0,
        }
    }
}
