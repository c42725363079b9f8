//! The moment of a kill: random, but the same for the same seed. Kills nothing itself.

use std::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};
use vm_test_tests::campaign;

/// Returns how many of all rounds one victim gets.
pub(super) fn rounds(share: u32) -> u32 {
    let rounds: u32 = std::env::var("VM_TEST_KILL_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| campaign::length(50, 10));
    (rounds * share).div_ceil(100)
}

/// Random choices.
pub(super) struct Moments {
    random: fastrand::Rng,
}

impl Moments {
    /// Returns the choices for `VM_TEST_KILL_SEED`, or new ones. Prints the seed.
    pub(super) fn new() -> Self {
        let seed = std::env::var("VM_TEST_KILL_SEED").ok();
        let seed = seed.and_then(|text| text.parse().ok()).unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            u64::from(now.unwrap_or_default().subsec_nanos())
        });
        println!("again with VM_TEST_KILL_SEED={seed}");
        Self {
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// Returns some of the crowd's tests, without repetition.
    pub(super) fn tests(&mut self, count: usize) -> Vec<String> {
        let all: Vec<_> = (0..19_usize)
            .flat_map(|group| (0..10).map(move |test| format!("g{group:02}::t{test}")))
            .collect();
        self.random.choose_multiple(all, count)
    }

    /// Sleeps for a random part of `most`.
    pub(super) fn pass(&mut self, most: Duration) -> Duration {
        let time = most.mul_f64(self.random.f64());
        std::thread::sleep(time);
        time
    }

    /// Returns a number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.random.usize(..end)
    }
}
