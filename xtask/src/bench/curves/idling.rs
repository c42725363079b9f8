//! The curve beside idle instances of the same guest, which somebody else has in the same daemon.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::place::Place;
use crate::bench::curve::{Curve, Pair, Point};
use crate::bench::daemon::Daemon;
use crate::bench::idle::Idle;
use crate::bench::table::load;
use crate::command;

/// How many there are at each point.
const COUNTS: [usize; 6] = [0, 1, 2, 4, 8, 16];

/// How many samples are taken at a point before the next one has its turn.
const IN_A_ROW: usize = 10;

/// How long instances may take until they are there, how often to look, and how long they may take
/// until they have become idle.
const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(100);
const SETTLING: Duration = Duration::from_secs(2);

/// Takes so many samples at each point: several times from none to all of them.
pub(super) fn measure(place: &Place, samples: usize) -> Result<Curve> {
    let daemon = place.roomy_daemon("idling");
    let mut twins = place.twins(&daemon, &place.binary);
    let mut points = COUNTS.map(|count| (count, Vec::<Pair>::new()));
    while points[0].1.len() < samples {
        let mut idle = Idle::default();
        for (count, pairs) in &mut points {
            while idle.count() < *count {
                idle.add(&mut place.vm_test(&daemon), place.guest)?;
            }
            await_instances(place, &daemon, *count)?;
            // The first test makes the second one have a spare.
            twins.warm_up()?;
            twins.warm_up()?;
            for _ in 0..IN_A_ROW.min(samples - pairs.len()) {
                pairs.push(twins.take()?);
            }
            println!(
                "beside {count}: sample {} of {samples} (load {})",
                pairs.len(),
                load()
            );
        }
        drop(idle);
        await_instances(place, &daemon, 0)?;
    }
    twins.on_guest()?;
    let points = points.map(|(count, pairs)| Point::of(count as f64, &pairs));
    Ok(Curve {
        name: "idle".to_owned(),
        what: "idle instances beside the test".to_owned(),
        unit: "instances".to_owned(),
        guest: place.guest.to_owned(),
        points: points.into(),
    })
}

/// Waits until there are so many instances besides spares, and until they have become idle.
fn await_instances(place: &Place, daemon: &Daemon, count: usize) -> Result<()> {
    let limit = Instant::now() + PATIENCE;
    while Instant::now() < limit {
        let report = command::capture(place.vm_test(daemon).args(["ps", "--json"]))?;
        if instances(&report)? == count {
            thread::sleep(SETTLING);
            return Ok(());
        }
        thread::sleep(GLANCE);
    }
    bail!(
        "cannot measure beside {count} instances: they were not there within {} s",
        PATIENCE.as_secs()
    )
}

/// Returns how many instances are there, from the output of `vm-test ps --json`.
fn instances(report: &str) -> Result<usize> {
    let report: Value = serde_json::from_str(report)?;
    let instances = report["instances"].as_array();
    let instances = instances.context("cannot find the instances in what `vm-test ps` says")?;
    Ok(instances.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_counted() {
        assert_eq!(instances(r#"{"instances": []}"#).unwrap(), 0);
        assert_eq!(instances(r#"{"instances": [{}, {}]}"#).unwrap(), 2);
        assert!(instances("{}").is_err());
    }
}
