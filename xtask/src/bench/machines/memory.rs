//! What an idle VM takes of the host's memory and disk, beside a VM that was booted. Measures no time.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{GUEST, IMAGE, Machines};
use crate::bench::footprint::Footprint;
use crate::bench::goals;
use crate::bench::idle::Idle;
use crate::bench::measure::Measure;
use crate::bench::report::Report;
use crate::command;

/// How many idle instances are measured in addition to the first.
const MORE: usize = 3;

/// How long they may take until they are idle.
const SETTLING: Duration = Duration::from_secs(8);

impl Machines {
    /// Prints what an additional idle instance takes of the host's memory and disk, and adds it to
    /// the report with its goals.
    pub(super) fn measure_footprint(&self, report: &mut Report) -> Result<()> {
        let booted = self.boot(IMAGE, false)?.memory()?;
        let mut idle = Idle::default();
        let one = self.footprint(&mut idle, 1)?;
        let all = self.footprint(&mut idle, MORE)?;
        let (memory, disk) = all
            .each_since(one)
            .context("cannot find the idle instances")?;
        println!(
            "\nan idle instance takes {} MiB of memory (PSS) if it is the only one; each of {} more takes {} MiB, and {disk} KiB of disk, which is memory, too; one that plain QEMU has booted takes {} MiB",
            one.memory / 1024,
            all.instances - one.instances,
            memory / 1024,
            booted / 1024
        );
        let kibibytes = |what, value: u64| Measure::new(what, "KiB", vec![value as f64]);
        report.add(
            "machine, idle",
            [
                kibibytes("memory (PSS) of the only one", one.memory),
                kibibytes("memory (PSS) of each further one", memory),
                kibibytes("disk of each further one", disk),
            ],
        );
        report.add(goals::BOOT, [kibibytes("memory (PSS)", booted)]);
        report.goals.extend(goals::of_room(booted, memory, disk));
        Ok(())
    }

    fn footprint(&self, idle: &mut Idle, more: usize) -> Result<Footprint> {
        for _ in 0..more {
            idle.add(&mut self.vm_test(), GUEST)?;
        }
        thread::sleep(SETTLING);
        Footprint::of(&command::capture(self.vm_test().args(["ps", "--json"]))?)
    }
}
