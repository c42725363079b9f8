//! Tests on VMs in rows without a pause, beside boots of their kernel in rows: the kinds, and how many
//! rows there are.

use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;

use super::{GUEST, IMAGE, Machines, SYSTEM_GUEST};
use crate::bench::daemon::Daemon;
use crate::bench::measure::TIME;
use crate::bench::report::Report;
use crate::bench::rows::{Figures, Kind, Pace};
use crate::bench::{goals, rows, sandboxes};

/// Behind the tests of a row, VMs are prepared for tests that do not come.
const TESTS: Pace = Pace {
    in_a_row: 8,
    rest: Duration::from_secs(3),
};

/// Nothing goes on behind a boot.
const BOOTS: Pace = Pace {
    in_a_row: 2,
    rest: Duration::ZERO,
};

/// Returns how many rows there are of each kind: as many tests with one at a time as there are
/// samples, and twice that.
fn rounds(samples: u32) -> u32 {
    samples.div_ceil(4)
}

impl Machines {
    /// Measures rows and memory, and adds them to the report with all goals of VMs.
    pub(in crate::bench) fn measure(
        &self,
        binary: &Path,
        samples: u32,
        report: &mut Report,
    ) -> Result<()> {
        let mut kinds = self.kinds(binary)?;
        rows::measure(&mut kinds, rounds(samples), report)?;
        report.goals.extend(goals::judge(
            |name| report.median(name, TIME),
            |name| Figures::of(report, name),
        ));
        self.measure_footprint(report)
    }

    /// Returns everything that is compared in rows.
    fn kinds(&self, binary: &Path) -> Result<Vec<Kind>> {
        let test = |name, test: &'static str, daemon: &Rc<Daemon>, guest: &'static str| {
            let (fixture, daemon) = (self.fixture.clone(), Rc::clone(daemon));
            let binary = binary.to_path_buf();
            Kind::new(name, move |_| {
                let mut command = Command::new(&binary);
                fixture.adopt(daemon.adopt(&mut command));
                command.args(["--exact", test, "--nocapture"]);
                command.env("VM_TEST_GUEST", guest);
                Ok(sandboxes::of_command(command))
            })
        };
        let (ready, ready_system) = (&self.ready, &self.ready_system);
        let kernel = self.boot(IMAGE, false)?;
        Ok(vec![
            test("local", "local", ready, GUEST),
            test(goals::MACHINE_IN_ROWS, "on_guest", ready, GUEST).at(TESTS),
            test(
                goals::SYSTEM_IN_ROWS,
                "on_guest",
                ready_system,
                SYSTEM_GUEST,
            )
            .at(TESTS),
            Kind::new(goals::BOOT, move |_| {
                let kernel = kernel.clone();
                Ok(Box::new(move || kernel.run().map(|_| ())))
            })
            .at(BOOTS),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_tests_with_one_at_a_time_as_samples() {
        for samples in [3, 30, 31, 100] {
            assert!(rounds(samples) as usize * TESTS.in_a_row >= samples as usize);
        }
    }
}
