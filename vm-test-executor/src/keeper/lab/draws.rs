//! Draws that look random and are the same for the same seed, on every machine and in every version
//! (SplitMix64). Not for secrets.

use vm_test_protocol::impairment::CERTAIN;

/// A series of draws.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    state: u64,
}

impl Draws {
    /// Begins the series of a seed that has this number: others of the same seed are different.
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut of_seed = Self { state: seed };
        Self {
            state: of_seed.draw() ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93),
        }
    }

    /// Returns a number of all numbers.
    pub(super) fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below this one, or 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.draw()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    /// Returns whether something with a chance of so many millionths happens.
    pub(super) fn happens(&mut self, chance: u32) -> bool {
        // What is certain draws nothing.
        chance >= CERTAIN || self.below(CERTAIN.into()) < chance.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_for_ever_and_each_series_is_its_own() {
        let series = |seed, number| {
            let mut draws = Draws::new(seed, number);
            [draws.draw(), draws.draw(), draws.draw()]
        };
        assert_eq!(series(7, 0), series(7, 0));
        let all = [series(7, 0), series(7, 1), series(8, 0), series(8, 1)];
        for (number, one) in all.iter().enumerate() {
            assert!(!all[..number].contains(one), "{number}");
        }
        // The first draws of SplitMix64 from 0, as published.
        let mut draws = Draws { state: 0 };
        assert_eq!(draws.draw(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(draws.draw(), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn chances_come_out_about_as_often_as_they_say() {
        let mut draws = Draws::new(7, 0);
        for percent in [0, 1, 30, 50, 99, 100] {
            let happened = (0..100_000).filter(|_| draws.happens(percent * 10_000));
            let share = happened.count() as f64 / 1000.0;
            assert!(
                (share - f64::from(percent)).abs() < 0.7,
                "{percent}: {share}"
            );
        }
        let mut draws = Draws::new(7, 0);
        assert!((0..1000).all(|_| draws.below(3) < 3));
        assert_eq!(draws.below(0), 0);
    }

    #[test]
    fn draws_of_loss_and_of_the_next_packet_do_not_depend_on_each_other() {
        let mut draws = Draws::new(1, 0);
        let lost: Vec<bool> = (0..100_000).map(|_| draws.happens(300_000)).collect();
        let twice = lost.windows(2).filter(|pair| pair[0] && pair[1]).count();
        assert!((8_500..9_500).contains(&twice), "{twice}");
    }
}
