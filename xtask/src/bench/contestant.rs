//! One of the things that are compared: how a sample of it is taken, how often, and the samples.
//! Knows no specific command.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::measure::{Measure, TIME};
use crate::command;

/// One of the things that are compared.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    sample: Box<dyn FnMut() -> Result<Duration>>,
    /// A sample is taken in every round whose number is a multiple of this.
    every: u32,
    /// How long the host is left alone afterwards.
    rest: Duration,
    times: Vec<Duration>,
}

impl Contestant {
    /// Returns a contestant whose samples are measured by the closure.
    pub(crate) fn new(
        name: &'static str,
        sample: impl FnMut() -> Result<Duration> + 'static,
    ) -> Self {
        Self {
            name,
            sample: Box::new(sample),
            every: 1,
            rest: Duration::ZERO,
            times: Vec::new(),
        }
    }

    /// Returns a contestant whose sample is one run of the command.
    pub(crate) fn of_command(name: &'static str, mut command: Command) -> Self {
        silence(&mut command);
        Self::new(name, move || time_of(&mut command))
    }

    /// Takes a sample only in every `rounds`th round.
    pub(crate) fn every(mut self, rounds: u32) -> Self {
        self.every = rounds;
        self
    }

    /// Rests after each sample, so that what it started ends before the next contestant's turn.
    pub(crate) fn resting(mut self, rest: Duration) -> Self {
        self.rest = rest;
        self
    }

    /// Runs once without measuring: the first run starts the daemon and fills caches, and one after
    /// the last sample fails if that was not rolled back.
    pub(crate) fn run_aside(&mut self) -> Result<()> {
        (self.sample)()?;
        thread::sleep(self.rest);
        Ok(())
    }

    /// Takes a sample, if there is one in this round.
    pub(crate) fn take(&mut self, round: u32) -> Result<()> {
        if round.is_multiple_of(self.every) {
            let time = (self.sample)()?;
            self.times.push(time);
            thread::sleep(self.rest);
        }
        Ok(())
    }

    /// Returns the number of samples.
    pub(crate) fn samples(&self) -> usize {
        self.times.len()
    }

    /// Returns what was measured.
    pub(super) fn measure(&self) -> Measure {
        Measure::of_times(TIME, &self.times)
    }
}

/// Discards the command's output: it is run often.
pub(crate) fn silence(command: &mut Command) {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
}

/// Returns how long a run of the command takes.
pub(crate) fn time_of(command: &mut Command) -> Result<Duration> {
    let began = Instant::now();
    run(command)?;
    Ok(began.elapsed())
}

/// Runs the command; returns an error if it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status();
    let status = status.with_context(|| command::cannot_start(command))?;
    if !status.success() {
        bail!("cannot measure `{}`: {status}", command::line(command));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: Vec<u64>) -> Contestant {
        let mut times = times.into_iter();
        let next = move || Ok(Duration::from_millis(times.next().unwrap()));
        Contestant::new("it", next)
    }

    #[test]
    fn a_run_aside_is_no_sample() {
        let mut contestant = of(vec![4, 2, 3, 1]);
        contestant.run_aside().unwrap();
        (0..2).for_each(|round| contestant.take(round).unwrap());
        contestant.run_aside().unwrap();
        assert_eq!(contestant.measure().samples, [0.002, 0.003]);
    }

    #[test]
    fn a_rare_contestant_has_samples_in_some_rounds_only() {
        let mut contestant = of(vec![1, 2, 3]).every(4);
        (0..10).for_each(|round| contestant.take(round).unwrap());
        assert_eq!(contestant.samples(), 3);
    }

    #[test]
    fn a_command_that_fails_is_no_sample() {
        let mut contestant = Contestant::of_command("it", Command::new("false"));
        assert!(contestant.take(0).is_err());
        assert_eq!(contestant.samples(), 0);
    }

    #[test]
    fn a_sample_is_the_time_that_the_command_takes() {
        let mut sleep = Command::new("sleep");
        sleep.arg("0.1");
        let mut contestant = Contestant::of_command("it", sleep);
        contestant.take(0).unwrap();
        let time = contestant.measure().median.unwrap();
        assert!(time >= 0.1, "{time}");
    }
}
