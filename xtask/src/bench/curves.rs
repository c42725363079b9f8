//! `cargo xtask bench --curves`: how what a test on a guest costs grows along a suite, with the size
//! of its binary, and beside idle instances. Each point is measured beside the same test on the host.

mod binary;
mod goals;
mod idling;
mod place;
mod suite;

use anyhow::Result;

use super::report::Report;
pub(super) use place::Place;

/// Measures all curves on the guest of this place, prints them, and adds them to the report with
/// their goals: so many samples at each point, and so many tests in the suite.
pub(super) fn run(place: &Place, samples: u32, suite: usize, report: &mut Report) -> Result<()> {
    let samples = samples as usize;
    let curves = [
        suite::measure(place, samples, suite)?,
        binary::measure(place, samples)?,
        idling::measure(place, samples)?,
    ];
    for curve in curves {
        curve.print();
        report.goals.push(goals::judge(&curve));
        report.curves.push(curve);
    }
    Ok(())
}
