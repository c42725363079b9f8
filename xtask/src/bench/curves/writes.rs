//! The curve with what the test before has written: the next one has to wait for nothing of it. What
//! is measured is the next test. There are no spares: the longer a test writes, the more time would
//! its successor's have to become ready.

use anyhow::Result;

use super::place::Place;
use crate::bench::contestant::{run, silence};
use crate::bench::curve::{Curve, Point};
use crate::bench::table::load;

/// How many MB are written to a file and synchronised, each by a test of the fixture.
const SIZES: [u32; 4] = [0, 16, 64, 256];

/// Takes so many samples after each size, interleaved.
pub(super) fn measure(place: &Place, samples: usize) -> Result<Curve> {
    let daemon = place.daemon_without_spares("writes");
    let mut twins = place.twins(&daemon, &place.binary);
    twins.warm_up()?;
    let mut points = SIZES.map(|size| {
        let name = format!("writes::mb_{size}");
        let mut writer = place.test(&name, place.guest, &daemon, &place.binary);
        silence(&mut writer);
        (size, writer, Vec::new())
    });
    for taken in 1..=samples {
        for (_, writer, pairs) in &mut points {
            run(writer)?;
            // The one on the guest first: what is in its way has not gone meanwhile.
            pairs.push(twins.take_guest_first()?);
        }
        println!("writes: sample {taken} of {samples} (load {})", load());
    }
    twins.on_guest()?;
    let points = points.map(|(size, _, pairs)| Point::of(size.into(), &pairs));
    Ok(Curve {
        name: "writes".to_owned(),
        what: "written by the test before".to_owned(),
        unit: "MB".to_owned(),
        guest: place.guest.to_owned(),
        points: points.into(),
    })
}
