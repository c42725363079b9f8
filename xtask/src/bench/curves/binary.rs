//! The curve with the size of a test binary, which its debug information makes large. Each size has
//! a daemon of its own, whose spare is for this binary.

use anyhow::Result;

use super::place::Place;
use super::size::Size;
use crate::bench::curve::Curve;
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
        let twins = place.twins(&daemon, &binary);
        sizes.push(Size::new(size, daemon, twins)?);
    }
    let mut taken = 0;
    while taken < samples {
        let more = IN_A_ROW.min(samples - taken);
        for size in &mut sizes {
            size.twins.warm_up()?;
            for _ in 0..more {
                size.take()?;
            }
        }
        taken += more;
        println!("sizes: sample {taken} of {samples} (load {})", load());
    }
    let points = sizes.into_iter().map(Size::point);
    let points = points.collect::<Result<_>>()?;
    Ok(Curve {
        name: "binary".to_owned(),
        what: "size of the test binary".to_owned(),
        unit: "MB".to_owned(),
        guest: place.guest.to_owned(),
        points,
    })
}
