//! The curve with the memory of a VM: each size is a guest with a template and a daemon of its own,
//! which restores a VM for each test.

use anyhow::Result;

use super::place::Place;
use super::size::Size;
use crate::bench::curve::Curve;
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
    let mut sizes = Vec::new();
    for (size, guest) in GUESTS {
        let daemon = place.daemon_without_spares(guest);
        let twins = place.twins_on(guest, &daemon, &place.binary);
        sizes.push(Size::new(size, daemon, twins)?);
    }
    for taken in 1..=samples {
        for size in &mut sizes {
            size.take()?;
        }
        println!("memory: sample {taken} of {samples} (load {})", load());
    }
    let points = sizes.into_iter().map(Size::point);
    let points = points.collect::<Result<_>>()?;
    Ok(Curve {
        name: "memory".to_owned(),
        what: "memory of the VM, restored when asked".to_owned(),
        unit: "MiB".to_owned(),
        guest: place.guest.to_owned(),
        points,
    })
}
