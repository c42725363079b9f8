//! Where random numbers come from: one generator for each thing that is drawn, made from a seed and
//! the name of that thing. It knows nothing of what is drawn.

use fastrand::Rng;

/// The number that decides all random draws.
///
/// The same seed gives the same draws for the same names, in whatever order they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// Returns a seed that nobody chose.
    pub fn random() -> Self {
        Self(fastrand::u64(..))
    }

    /// Returns the generator for what these words name together.
    pub fn generator(self, words: &[&[u8]]) -> Rng {
        // FNV-1a, whose result is the same in every release of Rust; the generator mixes it.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut take = |byte: u8| {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        };
        for byte in self.0.to_le_bytes() {
            take(byte);
        }
        for word in words {
            for byte in (word.len() as u64).to_le_bytes() {
                take(byte);
            }
            for byte in *word {
                take(*byte);
            }
        }
        // Similar names have similar hashes; this spreads them.
        hash ^= hash >> 33;
        hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 33;
        Rng::with_seed(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_give_the_same_draws_and_others_give_others() {
        let draw = |seed, words: &[&[u8]]| Seed(seed).generator(words).u64(..);
        assert_eq!(draw(7, &[b"a", b"b"]), draw(7, &[b"a", b"b"]));
        assert_ne!(draw(7, &[b"a", b"b"]), draw(8, &[b"a", b"b"]));
        assert_ne!(draw(7, &[b"a", b"b"]), draw(7, &[b"ab", b""]));
    }

    #[test]
    fn the_first_draws_of_similar_names_are_spread_evenly() {
        let low = (0..10_000_u32)
            .filter(|number| Seed(7).generator(&[&number.to_le_bytes()]).f32() < 0.2)
            .count();
        assert!((1_800..2_200).contains(&low), "{low}");
    }
}
