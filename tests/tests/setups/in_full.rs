//! What a set-up costs the tests that start from it, compared with the same tests without one.

use crate::bench::Bench;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many tests the fixture has of each kind.
const TESTS: usize = 50;

/// How often each kind is run; the fastest counts, since others use this host, too.
const ROUNDS: usize = 5;

/// How much longer the tests may take with a set-up that has run.
const MOST: f64 = 1.2;

fn time(bench: &Bench, binary: &Path, kind: &str) -> Duration {
    let began = Instant::now();
    let finished = bench.run(binary, kind, "1");
    let took = began.elapsed();
    assert_eq!(finished.code(), Some(0), "{finished:?}");
    assert!(
        finished.out.contains(&format!("{TESTS} passed")),
        "{finished:?}"
    );
    took
}

#[test]
fn fifty_tests_pay_for_ten_seconds_once_and_then_take_as_long_as_without() {
    let bench = Bench::new();
    let binary = bench.binary("cost");
    let first = time(&bench, &binary, "with::");
    assert!(first > Duration::from_secs(10), "{first:?}");
    let mut best = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        for (best, kind) in best.iter_mut().zip(["without::", "with::"]) {
            *best = (*best).min(time(&bench, &binary, kind));
        }
    }
    let [without, with] = best;
    println!(
        "{TESTS} tests: {first:?} with the set-up, {with:?} once it has run, {without:?} without"
    );
    assert!(with < Duration::from_secs(10), "{with:?}");
    assert!(with <= without.mul_f64(MOST), "{with:?} {without:?}");
}
