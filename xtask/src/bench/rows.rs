//! Rows of runs without a pause, by one worker and by several at a time: how long each run takes,
//! how many end in a second, and how long the processors work for one. Knows no specific program.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use super::cpu;
use super::measure::Measure;
use super::report::Report;
use super::table::load;

/// Runs it once.
pub(super) type Worker = Box<dyn FnMut() -> Result<()> + Send>;

/// How many workers there are at a time.
pub(super) const AT_A_TIME: [usize; 3] = [1, 2, 4];

/// How long a row is, and how long its end is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How many runs each worker has in a row.
    pub(super) in_a_row: usize,
    /// How long what runs have begun may go on after them, and still counts.
    pub(super) rest: Duration,
}

/// The pace of what takes milliseconds.
const QUICK: Pace = Pace {
    in_a_row: 20,
    rest: Duration::from_millis(500),
};

/// One of the things that are compared.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pace: Pace,
    make: Box<dyn Fn(usize) -> Result<Worker>>,
    workers: Vec<Worker>,
    /// How long each run took that had no other beside it.
    times: Vec<Duration>,
    /// The processors' time of each of those, and of several at a time.
    work: [Vec<Duration>; AT_A_TIME.len()],
    /// How many ended in a second, for each number of workers.
    rates: [Vec<f64>; AT_A_TIME.len()],
}

/// What was measured, all as medians, and times in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    /// How long one takes, and how long the slowest of a hundred.
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// How long the processors work for one, by the number of workers.
    pub(super) work: [f64; AT_A_TIME.len()],
    /// How many end in a second, by the number of workers.
    pub(super) rates: [f64; AT_A_TIME.len()],
}

impl Kind {
    /// Returns a kind whose workers are made by the closure, which gets the number of each.
    pub(super) fn new(
        name: &'static str,
        make: impl Fn(usize) -> Result<Worker> + 'static,
    ) -> Self {
        Self {
            name,
            pace: QUICK,
            make: Box::new(make),
            workers: Vec::new(),
            times: Vec::new(),
            work: Default::default(),
            rates: Default::default(),
        }
    }

    /// Changes the length of its rows and the rest after them.
    pub(super) fn at(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Makes the workers, and has each run once: the first run starts daemons and fills caches.
    fn prepare(&mut self) -> Result<()> {
        for number in 0..AT_A_TIME[AT_A_TIME.len() - 1] {
            let mut worker = (self.make)(number)?;
            worker().with_context(|| format!("cannot measure {}", self.name))?;
            self.workers.push(worker);
        }
        Ok(())
    }

    /// Has each worker run once more, which fails if the last sample was not rolled back.
    fn end(&mut self) -> Result<()> {
        for worker in &mut self.workers {
            worker().with_context(|| format!("cannot count {}", self.name))?;
        }
        Ok(())
    }

    /// Runs a row with each number of workers.
    fn take(&mut self) -> Result<()> {
        for (at, count) in AT_A_TIME.into_iter().enumerate() {
            let before = cpu::used()?;
            let began = Instant::now();
            let times = row(&mut self.workers[..count], self.pace.in_a_row)?;
            let took = began.elapsed();
            thread::sleep(self.pace.rest);
            let runs = times.len();
            let work = cpu::used()?.saturating_sub(before);
            self.work[at].push(work / u32::try_from(runs)?);
            self.rates[at].push(runs as f64 / took.as_secs_f64());
            if count == 1 {
                self.times.extend(times);
            }
        }
        Ok(())
    }

    /// Returns what was measured.
    fn measures(&self) -> Vec<Measure> {
        let mut measures = vec![Measure::of_times(IN_ROWS, &self.times)];
        for (at, count) in AT_A_TIME.into_iter().enumerate() {
            let (work, rates) = (&self.work[at], self.rates[at].clone());
            measures.push(Measure::of_times(&work_of(count), work));
            measures.push(Measure::new(&rate_of(count), "1/s", rates));
        }
        measures
    }
}

/// What the measures of rows are called: the time of each run, the work for one and how many end in
/// a second.
pub(super) const IN_ROWS: &str = "time in a row";

fn work_of(count: usize) -> String {
    format!("processor time for each, {count} at a time")
}

fn rate_of(count: usize) -> String {
    format!("in a second, {count} at a time")
}

impl Figures {
    /// Returns what a report says of one of the things that are compared.
    pub(super) fn of(report: &Report, name: &str) -> Option<Self> {
        let times = report.measure(name, IN_ROWS)?;
        let mut figures = Self {
            p50: times.median?,
            p99: times.p99?,
            work: Default::default(),
            rates: Default::default(),
        };
        for (at, count) in AT_A_TIME.into_iter().enumerate() {
            figures.work[at] = report.median(name, &work_of(count))?;
            figures.rates[at] = report.median(name, &rate_of(count))?;
        }
        Some(figures)
    }
}

/// Has all workers run at the same time; returns how long each run took.
fn row(workers: &mut [Worker], length: usize) -> Result<Vec<Duration>> {
    thread::scope(|scope| {
        let start = |worker| scope.spawn(move || in_a_row(worker, length));
        let running: Vec<_> = workers.iter_mut().map(start).collect();
        let mut times = Vec::new();
        for worker in running {
            let done = worker.join().map_err(|_| anyhow!("a worker panicked"))?;
            times.extend(done?);
        }
        Ok(times)
    })
}

fn in_a_row(worker: &mut Worker, length: usize) -> Result<Vec<Duration>> {
    let each = (0..length).map(|_| {
        let began = Instant::now();
        worker()?;
        Ok(began.elapsed())
    });
    each.collect()
}

/// Takes all rows, interleaved, prints what was measured, and adds it to the report.
pub(super) fn measure(kinds: &mut [Kind], rounds: u32, report: &mut Report) -> Result<()> {
    for kind in &mut *kinds {
        kind.prepare()?;
    }
    for round in 0..rounds {
        println!("row {} of {rounds} (load {})", round + 1, load());
        for kind in &mut *kinds {
            kind.take()?;
        }
    }
    let idle = idle()?;
    println!(
        "\nin rows without a pause, milliseconds, and runs in a second at 1, 2 and 4 at a time:"
    );
    println!(
        "{:<20} {:>6} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "", "runs", "median", "p99", "work/1", "work/2", "work/4", "1", "2", "4"
    );
    for kind in kinds {
        kind.end()?;
        report.add(kind.name, kind.measures());
        let Some(figures) = Figures::of(report, kind.name) else {
            continue;
        };
        let work = figures.work.map(|work| format!("{:>8.2}", work * 1e3));
        let rates = figures.rates.map(|rate| format!("{rate:>8.1}"));
        println!(
            "{:<20} {:>6} {:>8.2} {:>8.2} {} {}",
            kind.name,
            kind.times.len(),
            figures.p50 * 1e3,
            figures.p99 * 1e3,
            work.join(" "),
            rates.join(" ")
        );
    }
    println!(
        "work is the time of all processors for one run, whoever has it; without any run they worked {:.1} ms in a second",
        idle * 1e3
    );
    report.add(
        "no run",
        [Measure::new("processor time in a second", "s", vec![idle])],
    );
    Ok(())
}

/// Returns which part of a second the processors work without any run.
fn idle() -> Result<f64> {
    let before = cpu::used()?;
    let began = Instant::now();
    thread::sleep(QUICK.rest * 2);
    let work = cpu::used()?.saturating_sub(before);
    Ok(work.as_secs_f64() / began.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use anyhow::ensure;

    use super::*;
    use crate::bench::scene::Scene;

    #[test]
    fn several_at_a_time_do_more_in_a_second_if_they_only_wait() {
        let kind = Kind::new("it", |_| {
            Ok(Box::new(|| {
                thread::sleep(Duration::from_millis(2));
                Ok(())
            }))
        });
        let in_a_row = 10;
        let mut kind = kind.at(Pace { in_a_row, ..QUICK });
        kind.prepare().unwrap();
        kind.take().unwrap();
        let mut report = Report::new("containers", Scene::default());
        assert_eq!(Figures::of(&report, "it"), None);
        report.add(kind.name, kind.measures());
        let figures = Figures::of(&report, "it").unwrap();
        assert_eq!(kind.times.len(), in_a_row);
        assert!(figures.p50 >= 0.002 && figures.p99 >= figures.p50);
        let [one, _, four] = figures.rates;
        assert!(one <= 500.0 && four > 2.0 * one, "{figures:?}");
    }

    #[test]
    fn a_run_that_fails_ends_the_measurement() {
        let mut kind = Kind::new("it", |_| Ok(Box::new(|| anyhow::bail!("no"))));
        assert!(kind.prepare().is_err());
    }

    #[test]
    fn a_run_after_the_last_sample_that_fails_ends_the_measurement_too() {
        let left = Arc::new(AtomicBool::new(false));
        let mark = Arc::clone(&left);
        let mut kind = Kind::new("it", move |_| {
            let mark = Arc::clone(&mark);
            Ok(Box::new(move || {
                ensure!(!mark.load(Ordering::Relaxed), "a mark is there");
                Ok(())
            }))
        });
        kind.prepare().unwrap();
        kind.end().unwrap();
        left.store(true, Ordering::Relaxed);
        assert!(kind.end().is_err());
    }
}
