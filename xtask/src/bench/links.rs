//! What the bench compares for links: the same link of a lab of two containers while the kernel's
//! bridge has it, and while it has a fault that changes nothing of what is measured, so that
//! vm-test carries its frames. All samples are of one lab.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::daemon::Daemon;
use super::fixture::Fixture;
use super::link_goals::{KINDS, MEASURES, Sample, judge};
use super::measure::Measure;
use super::report::Report;
use crate::command;
use crate::worktree::Worktree;

/// The test of the fixture that prints the samples, and what tells it how many.
const TEST: &str = "a_link_on_the_bridge_and_in_the_relay";
const ROUNDS: &str = "SPEED_ROUNDS";

/// Takes so many samples of each kind of link, interleaved, prints them, and adds them to the
/// report with its goals.
pub(super) fn measure(
    worktree: &Worktree,
    program: &Path,
    test: &Path,
    scratch: &Path,
    samples: u32,
    report: &mut Report,
) -> Result<()> {
    // A lab that is prepared ahead would be work beside what is measured.
    let daemon = Daemon::without_spares(program, scratch, "links");
    let mut command = Command::new(test);
    Fixture::of(worktree)
        .adopt(daemon.adopt(&mut command))
        .args(["--exact", TEST, "--nocapture"])
        // The first round is not counted.
        .env(ROUNDS, (samples + 1).to_string());
    let lines = run(&mut command)?;
    let taken: Vec<Sample> = lines.iter().filter_map(|line| Sample::of(line)).collect();
    let counted = taken.get(KINDS.len()..).unwrap_or_default();
    if counted.len() != samples as usize * KINDS.len() {
        bail!("cannot measure links: the test has printed other lines than those of its samples");
    }
    for (kind, what) in KINDS {
        let of_kind: Vec<_> = counted.iter().filter(|it| it.kind == kind).collect();
        let measures = MEASURES.iter().enumerate().map(|(at, (measure, unit))| {
            let values = of_kind.iter().map(|sample| sample.values[at]);
            Measure::new(measure, unit, values.collect())
        });
        report.add(what, measures);
    }
    print(report);
    report.goals = judge(|kind, at| {
        let (_, what) = KINDS.iter().find(|(name, _)| *name == kind)?;
        report.median(what, MEASURES[at].0)
    });
    Ok(())
}

/// Runs the test, and prints its lines as they come; returns them.
fn run(command: &mut Command) -> Result<Vec<String>> {
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = started.with_context(|| command::cannot_start(command))?;
    let output = child.stdout.take().context("cannot read the test")?;
    let mut lines = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        lines.push(line);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("cannot measure `{}`: {status}", command::line(command));
    }
    Ok(lines)
}

fn print(report: &Report) {
    for (measure, unit) in MEASURES {
        println!("\nall samples, {measure}, {unit}:");
        for (_, what) in KINDS {
            let samples = report.measure(what, measure).map(|it| &it.samples);
            let values: Vec<_> = samples
                .into_iter()
                .flatten()
                .map(|value| format!("{value:.*}", usize::from(unit == "us")))
                .collect();
            println!("{what:<34} {}", values.join(" "));
        }
    }
    println!("\nmedians:");
    for (_, what) in KINDS {
        let medians = MEASURES.map(|(measure, _)| report.median(what, measure).unwrap_or_default());
        let [rate, echo, datagrams] = medians;
        println!("{what:<34} {rate:>8.0} Mbit/s {echo:>8.1} us {datagrams:>9.0} datagrams/s");
    }
}
