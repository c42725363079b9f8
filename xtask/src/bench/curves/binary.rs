//! The curve with the size of a test binary, which its debug information makes large. Each size has
//! a daemon of its own, whose spare is for this binary.

use anyhow::Result;

use super::place::Place;
use crate::bench::curve::{Curve, Point};
use crate::bench::padding::padded;
use crate::bench::table::load;

/// The sizes, in MB.
const SIZES: [u32; 4] = [5, 20, 50, 150];

/// How many tests follow one another: the first one of them is not measured, since the other sizes
/// have had their turn before it.
const IN_A_ROW: usize = 5;

/// Takes so many samples with each size, interleaved.
pub(super) fn measure(place: &Place, samples: usize) -> Result<Curve> {
    let mut sizes = Vec::new();
    for size in SIZES {
        let name = format!("empty-{size}");
        let binary = padded(&place.binary, &name, u64::from(size) * 1_000_000)?;
        let daemon = place.daemon(&format!("binary-{size}"));
        let mut twins = place.twins(&daemon, &binary);
        twins.warm_up()?;
        sizes.push((size, daemon, twins, Vec::new()));
    }
    while sizes[0].3.len() < samples {
        for (.., twins, pairs) in &mut sizes {
            twins.warm_up()?;
            for _ in 0..IN_A_ROW.min(samples - pairs.len()) {
                pairs.push(twins.take()?);
            }
        }
        let taken = sizes[0].3.len();
        println!("sizes: sample {taken} of {samples} (load {})", load());
    }
    let mut points = Vec::new();
    for (size, _, mut twins, pairs) in sizes {
        twins.on_guest()?;
        points.push(Point::of(size.into(), &pairs));
    }
    Ok(Curve {
        name: "binary".to_owned(),
        what: "size of the test binary".to_owned(),
        unit: "MB".to_owned(),
        guest: place.guest.to_owned(),
        points,
    })
}
