//! `cargo xtask bench --curves`: how what a test on a guest costs grows along a suite, with the
//! size of its binary, with what was written before it, beside idle instances, and on VMs with
//! their memory. Each point is measured beside the same test on the host.

mod binary;
mod goals;
mod idling;
mod memory;
mod place;
mod size;
mod suite;
mod writes;

use anyhow::Result;

use super::report::Report;
pub(super) use place::Place;

/// Measures all curves on the guest of this place, prints them, and adds them to the report with
/// their goals: so many samples at each point, and so many tests in the suite.
pub(super) fn run(place: &Place, samples: u32, suite: usize, report: &mut Report) -> Result<()> {
    let samples = samples as usize;
    let mut curves = vec![
        suite::measure(place, samples, suite)?,
        binary::measure(place, samples)?,
        writes::measure(place, samples)?,
        idling::measure(place, samples)?,
    ];
    if place.is_machine {
        curves.push(memory::measure(place, samples)?);
    }
    for curve in curves {
        curve.print();
        report.goals.push(goals::judge(&curve));
        report.curves.push(curve);
    }
    Ok(())
}
