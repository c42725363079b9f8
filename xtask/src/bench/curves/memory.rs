//! The curve with the memory of a VM: each size is a guest with a template and a daemon of its own,
//! which restores a VM for each test.

use anyhow::Result;

use super::place::Place;
use crate::bench::curve::{Curve, Point};
use crate::bench::table::load;

/// The sizes in MiB, with the fixture's guests.
const GUESTS: [(u32, &str); 4] = [
    (128, "machine-128"),
    (256, "machine-256"),
    (512, "machine"),
    (1024, "machine-1024"),
];

/// Takes so many samples with each size, interleaved.
pub(super) fn measure(place: &Place, samples: usize) -> Result<Curve> {
    let mut points = Vec::new();
    for (size, guest) in GUESTS {
        let daemon = place.daemon_without_spares(guest);
        let mut twins = place.twins_on(guest, &daemon, &place.binary);
        twins.warm_up()?;
        points.push((size, daemon, twins, Vec::new()));
    }
    for taken in 1..=samples {
        for (.., twins, pairs) in &mut points {
            pairs.push(twins.take()?);
        }
        println!("memory: sample {taken} of {samples} (load {})", load());
    }
    let mut judged = Vec::new();
    for (size, _, mut twins, pairs) in points {
        twins.on_guest()?;
        judged.push(Point::of(size.into(), &pairs));
    }
    Ok(Curve {
        name: "memory".to_owned(),
        what: "memory of the VM, restored when asked".to_owned(),
        unit: "MiB".to_owned(),
        guest: place.guest.to_owned(),
        points: judged,
    })
}
