//! The two directions of a link. Knows no fault.

use vm_test_protocol::order::Direction;

/// One direction of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    FromNode,
    ToNode,
}

impl Way {
    /// Both of them.
    pub(super) const BOTH: [Self; 2] = [Self::FromNode, Self::ToNode];

    /// Returns whether it is among these.
    pub(super) fn is_among(self, direction: Direction) -> bool {
        match direction {
            Direction::Both => true,
            Direction::FromNode => self == Self::FromNode,
            Direction::ToNode => self == Self::ToNode,
        }
    }
}
