//! Seeded choices that depend on what is asked, not on when and by whom: the same requests lead to
//! the same choices, however many connections they come on.

use std::collections::HashMap;

use crate::random;

/// How many different requests are counted one by one.
const MOST_COUNTED: usize = 65_536;

/// In how many groups the others are counted.
const GROUPS: u64 = 1_024;

/// The choices of one rule.
#[derive(Debug)]
pub(super) struct Draws {
    seed: u64,
    /// How often each request was seen, by its digest.
    seen: HashMap<u64, u64>,
    most_counted: usize,
}

impl Draws {
    /// Returns the choices that belong to a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            seen: HashMap::new(),
            most_counted: MOST_COUNTED,
        }
    }

    /// Returns the random number of this occurrence of a request.
    pub(super) fn next(&mut self, digest: u64) -> u64 {
        let seen = self.count(digest);
        random::mix(self.seed ^ random::mix(digest ^ random::mix(seen)))
    }

    /// Counts this occurrence of a request, and returns how many there were.
    fn count(&mut self, digest: u64) -> u64 {
        if let Some(seen) = self.seen.get_mut(&digest) {
            *seen += 1;
            return *seen;
        }
        let is_counted = self.seen.len() < self.most_counted;
        let counted_as = if is_counted { digest } else { digest % GROUPS };
        let seen = self.seen.entry(counted_as).or_default();
        *seen += 1;
        *seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_different_requests_does_not_matter() {
        let drawn = |digests: &[u64]| {
            let mut draws = Draws::new(7);
            let mut drawn: Vec<u64> = digests.iter().map(|digest| draws.next(*digest)).collect();
            drawn.sort_unstable();
            drawn
        };
        assert_eq!(drawn(&[1, 2, 1, 3, 1]), drawn(&[3, 1, 1, 1, 2]));
        assert_ne!(drawn(&[1, 2, 1, 3, 1]), drawn(&[3, 1, 1, 2, 2]));
    }

    #[test]
    fn another_seed_leads_to_other_choices() {
        assert_ne!(Draws::new(7).next(1), Draws::new(8).next(1));
    }

    #[test]
    fn the_table_of_requests_does_not_grow_beyond_its_limit() {
        let mut draws = Draws::new(7);
        draws.most_counted = 100;
        let chosen = (0..100_000)
            .filter(|at| random::fraction(draws.next(random::mix(*at))) < 0.2)
            .count();
        assert!(
            draws.seen.len() as u64 <= 100 + GROUPS,
            "{}",
            draws.seen.len()
        );
        assert!((19_000..=21_000).contains(&chosen), "{chosen}");
    }
}
