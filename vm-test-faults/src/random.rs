//! Random numbers that depend on nothing but what they are made from: not on the release of Rust, a
//! clock or the machine. They are not for secrets.

/// Returns a number with no visible relation to `number` (the finalizer of splitmix64).
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Returns a digest of `parts`; it matters where one ends and the next begins.
pub(crate) fn digest(parts: &[&[u8]]) -> u64 {
    parts.iter().fold(0xcbf2_9ce4_8422_2325, |digest, part| {
        let of_bytes = part.iter().fold(digest, |digest, byte| {
            (digest ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        mix(of_bytes ^ part.len() as u64)
    })
}

/// Returns a number from 0 to below 1.
#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits are what such a number holds exactly"
)]
pub(crate) fn fraction(random: u64) -> f64 {
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

/// Returns `length` bytes that belong to `seed`.
pub(crate) fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let numbers = (0..).map(|at| mix(seed ^ mix(at)));
    let mut bytes: Vec<u8> = numbers
        .take(length.div_ceil(8))
        .flat_map(u64::to_le_bytes)
        .collect();
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_knows_where_a_part_ends() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_ne!(digest(&[b"", b"a"]), digest(&[b"a", b""]));
        assert_eq!(digest(&[b"a"]), digest(&[b"a"]));
    }

    #[test]
    fn fractions_are_spread_evenly_below_one() {
        let below = (0..10_000).filter(|at| fraction(mix(*at)) < 0.2).count();
        assert!((1_880..=2_120).contains(&below), "{below} of 10,000");
        assert!(fraction(u64::MAX) < 1.0);
    }

    #[test]
    fn bytes_have_the_length_that_was_asked_for() {
        for length in [0, 1, 8, 100, 1_000] {
            assert_eq!(bytes(7, length).len(), length);
        }
        assert_eq!(bytes(7, 100), bytes(7, 100));
        assert_ne!(bytes(7, 100), bytes(8, 100));
    }
}
