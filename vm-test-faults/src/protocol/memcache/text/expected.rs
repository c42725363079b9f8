//! What the reply to a command of the text protocol looks like. Data only, packed into the number
//! that a request carries.

/// The reply that a command gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// One line.
    Line,
    /// `VALUE` lines with data, then `END`.
    Values,
    /// Lines of statistics or of a dump, then another one.
    Lines,
    /// A line of the meta protocol, with data behind a `VA`.
    Meta(Mark),
}

/// What tells the reply to a meta command from those to others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// The second letter of the command.
    pub(super) letter: u8,
    /// The hash of its flag `O`, 0 without one.
    pub(super) opaque: u16,
    /// The hash of the key that the reply has, 0 without one.
    pub(super) key: u16,
}

impl Expected {
    pub(super) fn packed(self) -> u64 {
        match self {
            Self::Line => 0,
            Self::Values => 1,
            Self::Lines => 2,
            Self::Meta(mark) => {
                let (opaque, key) = (u64::from(mark.opaque), u64::from(mark.key));
                key << 32 | opaque << 16 | u64::from(mark.letter) << 8 | 3
            }
        }
    }

    pub(super) fn unpacked(packed: u64) -> Self {
        let [kind, letter, opaque_low, opaque_high, key_low, key_high, ..] = packed.to_le_bytes();
        match kind {
            1 => Self::Values,
            2 => Self::Lines,
            3 => Self::Meta(Mark {
                letter,
                opaque: u16::from_le_bytes([opaque_low, opaque_high]),
                key: u16::from_le_bytes([key_low, key_high]),
            }),
            _ => Self::Line,
        }
    }
}

/// Returns a hash (FNV-1a, folded) that is never 0.
pub(super) fn hash(bytes: &[u8]) -> u16 {
    let hash = bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    let [a, b, c, d] = hash.to_le_bytes();
    u16::from_le_bytes([a ^ c, b ^ d]).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        for expected in [
            Expected::Line,
            Expected::Values,
            Expected::Lines,
            Expected::Meta(Mark {
                letter: b'g',
                opaque: hash(b"1"),
                key: hash(b"key"),
            }),
        ] {
            assert_eq!(Expected::unpacked(expected.packed()), expected);
        }
    }
}
