//! How a stream arrives: at once, byte by byte, or in pieces of any length. Also the numbers that
//! decide it, so that a run can be repeated.

/// Numbers that look random, the same for the same seed.
#[derive(Clone, Debug)]
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed | 1)
    }

    /// Returns the next number below `limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        // Marsaglia's xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

/// How a stream arrives.
#[derive(Clone, Debug)]
pub(super) enum Pieces {
    Whole,
    Bytes,
    Random(Numbers),
}

impl Pieces {
    /// Returns how many of the `left` bytes arrive next; at least one.
    pub(super) fn next(&mut self, left: usize) -> usize {
        match self {
            Self::Whole => left,
            Self::Bytes => 1,
            Self::Random(numbers) => {
                // Small pieces are where errors hide.
                let longest = if numbers.below(4) == 0 { 64 } else { 4 };
                let length = usize::try_from(numbers.below(longest)).unwrap_or(0) + 1;
                length.min(left)
            }
        }
    }
}
