//! Contestants that take turns: tests on guests beside tests on the host and beside others, and
//! labs beside single VMs. What each contestant does is not known here.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::contestant::Contestant;
use super::daemon::Daemon;
use super::goal::Goal;
use super::labs::Labs;
use super::machines::Machines;
use super::measure::{ENOUGH, TIME};
use super::report::Report;
use super::table::{load, print_samples, print_table};
use super::{containers, lab_goals, rivals, sandboxes};
use crate::worktree::Worktree;

/// Above this multiple of `lxc-execute`, something is wrong.
const CEILING: f64 = 3.0;

/// The minimum number of samples of labs for a median to count.
const ENOUGH_OF_LABS: usize = 20;

/// What all comparisons need.
pub(super) struct Comparison<'a> {
    pub(super) worktree: &'a Worktree,
    pub(super) program: &'a Path,
    /// The test binary with one test on the host and the same on a guest.
    pub(super) test: &'a Path,
    pub(super) scratch: &'a Path,
    pub(super) samples: u32,
    /// How many of the samples slow contestants have.
    pub(super) boots: u32,
}

impl Comparison<'_> {
    /// Compares tests on containers, or on VMs, and adds everything to the report.
    pub(super) fn of_tests(&self, machines: bool, report: &mut Report) -> Result<()> {
        let daemon = Daemon::new(self.program, self.scratch, "containers");
        let contestant =
            |name, test| Contestant::of_command(name, on_test(self.test, test, &daemon));
        let mut contestants = vec![
            contestant("local", "local"),
            contestant("on_vm", "on_guest"),
        ];
        let mut prepared = None;
        if machines {
            let machines = Machines::prepare(self.worktree, self.program, self.scratch)?;
            let every = self.samples.div_ceil(self.boots);
            contestants.extend(machines.contestants(self.test, every)?);
            prepared = Some(machines);
        }
        if rustix::process::geteuid().is_root() {
            let directory = self.scratch.join("lxc");
            let lxc_execute = sandboxes::lxc_execute(&directory, "vm-test-bench")?;
            contestants.push(Contestant::of_command("lxc-execute", lxc_execute));
        }
        self.measure(&mut contestants, ENOUGH, report)?;
        report
            .goals
            .extend(ceiling(|name| report.median(name, TIME)));
        match prepared {
            Some(machines) => machines.measure(self.test, self.samples, report),
            None => containers::run(
                self.worktree,
                &daemon,
                self.test,
                self.scratch,
                self.samples,
                report,
            ),
        }
    }

    /// Compares labs, and adds everything to the report.
    pub(super) fn of_labs(
        &self,
        on_labs: &Path,
        installs: bool,
        report: &mut Report,
    ) -> Result<()> {
        let labs = Labs::prepare(self.worktree, self.program, self.scratch)?;
        let mut contestants = labs.contestants(self.test, on_labs)?;
        contestants.extend(rivals::contestants(self.worktree, installs)?);
        self.measure(&mut contestants, ENOUGH_OF_LABS, report)?;
        print_samples(&contestants);
        report.goals = lab_goals::judge(|name| report.median(name, TIME));
        Ok(())
    }

    /// Takes all samples, interleaved, prints the table, and adds the samples to the report.
    fn measure(
        &self,
        contestants: &mut [Contestant],
        enough: usize,
        report: &mut Report,
    ) -> Result<()> {
        for contestant in &mut *contestants {
            contestant.run_aside()?;
        }
        for round in 0..self.samples {
            println!("round {} of {} (load {})", round + 1, self.samples, load());
            for contestant in &mut *contestants {
                contestant.take(round)?;
            }
        }
        for contestant in &mut *contestants {
            contestant.run_aside()?;
            report.add(contestant.name, [contestant.measure()]);
        }
        print_table(contestants);
        let few = contestants.iter().filter(|it| it.samples() < enough);
        let few: Vec<_> = few.map(|it| it.name).collect();
        if !few.is_empty() {
            report.few_samples(&few, enough);
        }
        Ok(())
    }
}

/// Judges what a guest costs over a local test beside `lxc-execute`, which only root can start
/// here.
fn ceiling(median: impl Fn(&str) -> Option<f64>) -> Option<Goal> {
    let lxc = median("lxc-execute")?;
    let over = median("on_vm").zip(median("local"));
    Some(Goal::at_most(
        "on_vm over a local test",
        over.map(|(guest, local)| (guest - local) / lxc),
        "x lxc-execute, and more would be a defect",
        CEILING,
    ))
}

/// Returns the test binary's command, as nextest runs it.
fn on_test(binary: &Path, test: &str, daemon: &Daemon) -> Command {
    let mut command = Command::new(binary);
    daemon
        .adopt(&mut command)
        .args(["--exact", test, "--nocapture"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_may_cost_as_much_as_the_ceiling_and_no_more() {
        let with = |guest| {
            ceiling(|name| match name {
                "lxc-execute" => Some(10.0),
                "local" => Some(1.0),
                _ => guest,
            })
        };
        assert!(with(Some(31.0)).unwrap().is_met());
        assert!(!with(Some(31.5)).unwrap().is_met());
        assert!(!with(None).unwrap().is_met());
        assert_eq!(ceiling(|_| None), None);
    }
}
