//! The curve along a suite: its tests follow one another without a pause in one daemon, and those
//! up to some numbers are measured.

use anyhow::Result;

use super::place::Place;
use crate::bench::curve::{Curve, Point, windows};
use crate::bench::table::load;

/// Runs a suite of so many tests.
pub(super) fn measure(place: &Place, samples: usize, suite: usize) -> Result<Curve> {
    let daemon = place.daemon("suite");
    let mut twins = place.twins(&daemon, &place.binary);
    let mut points = Vec::new();
    let mut done = 0;
    for window in windows(suite, samples) {
        for _ in done..window.start {
            twins.on_guest()?;
        }
        let pairs = window.clone().map(|_| twins.take());
        let pairs: Vec<_> = pairs.collect::<Result<_>>()?;
        done = window.end;
        println!("test {done} of {suite} (load {})", load());
        points.push(Point::of(done as f64, &pairs));
    }
    twins.on_guest()?;
    Ok(Curve {
        name: "suite".to_owned(),
        what: "number of the test in its suite".to_owned(),
        unit: "tests".to_owned(),
        guest: place.guest.to_owned(),
        points,
    })
}
