//! Rows of runs without a pause, by one worker and by several at a time: how long each run takes, how
//! many end in a second, and how long the processors work for one. Knows no specific program.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use super::cpu;
use super::table::load;

/// Runs it once.
pub(super) type Worker = Box<dyn FnMut() -> Result<()> + Send>;

/// How many workers there are at a time.
pub(super) const AT_A_TIME: [usize; 3] = [1, 2, 4];

/// How many runs each worker has in a row.
const IN_A_ROW: usize = 20;

/// How long what runs have begun may go on after them, and still counts.
const REST: Duration = Duration::from_millis(500);

/// One of the things that are compared.
pub(super) struct Kind {
    pub(super) name: &'static str,
    make: Box<dyn Fn(usize) -> Result<Worker>>,
    workers: Vec<Worker>,
    /// How long each run took that had no other beside it.
    times: Vec<Duration>,
    /// The processors' time of each of those, and of several at a time.
    work: [Vec<Duration>; AT_A_TIME.len()],
    /// How many ended in a second, for each number of workers.
    rates: [Vec<f64>; AT_A_TIME.len()],
}

/// What was measured, all as medians.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    /// How long one takes, and how long the slowest of a hundred.
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    /// How long the processors work for one, by the number of workers.
    pub(super) work: [Duration; AT_A_TIME.len()],
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
            make: Box::new(make),
            workers: Vec::new(),
            times: Vec::new(),
            work: Default::default(),
            rates: Default::default(),
        }
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

    /// Runs a row with each number of workers.
    fn take(&mut self) -> Result<()> {
        for (at, count) in AT_A_TIME.into_iter().enumerate() {
            let before = cpu::used()?;
            let began = Instant::now();
            let times = row(&mut self.workers[..count])?;
            let took = began.elapsed();
            thread::sleep(REST);
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

    /// Returns how many runs had no other beside them.
    pub(super) fn runs(&self) -> usize {
        self.times.len()
    }

    /// Returns what was measured.
    pub(super) fn figures(&self) -> Option<Figures> {
        let mut times = self.times.clone();
        times.sort();
        let at = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).max(1);
            times.get(rank - 1).copied()
        };
        let middle = |work: &Vec<Duration>| {
            let mut work = work.clone();
            work.sort();
            work.get(work.len() / 2).copied().unwrap_or_default()
        };
        let mut rates = [0.0; AT_A_TIME.len()];
        for (rate, all) in rates.iter_mut().zip(&self.rates) {
            let mut all = all.clone();
            all.sort_by(f64::total_cmp);
            *rate = all.get(all.len() / 2).copied()?;
        }
        Some(Figures {
            p50: at(50)?,
            p99: at(99)?,
            work: [0, 1, 2].map(|at| middle(&self.work[at])),
            rates,
        })
    }
}

/// Has all workers run at the same time; returns how long each run took.
fn row(workers: &mut [Worker]) -> Result<Vec<Duration>> {
    thread::scope(|scope| {
        let start = |worker| scope.spawn(move || in_a_row(worker));
        let running: Vec<_> = workers.iter_mut().map(start).collect();
        let mut times = Vec::new();
        for worker in running {
            let done = worker.join().map_err(|_| anyhow!("a worker panicked"))?;
            times.extend(done?);
        }
        Ok(times)
    })
}

fn in_a_row(worker: &mut Worker) -> Result<Vec<Duration>> {
    let each = (0..IN_A_ROW).map(|_| {
        let began = Instant::now();
        worker()?;
        Ok(began.elapsed())
    });
    each.collect()
}

/// Takes all rows, interleaved, and prints what was measured.
pub(super) fn measure(kinds: &mut [Kind], rounds: u32) -> Result<()> {
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
        let Some(figures) = kind.figures() else {
            continue;
        };
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let work = figures.work.map(|work| format!("{:>8.2}", millis(work)));
        let rates = figures.rates.map(|rate| format!("{rate:>8.1}"));
        println!(
            "{:<20} {:>6} {:>8.2} {:>8.2} {} {}",
            kind.name,
            kind.runs(),
            millis(figures.p50),
            millis(figures.p99),
            work.join(" "),
            rates.join(" ")
        );
    }
    println!(
        "work is the time of all processors for one run, whoever has it; without any run they worked {:.1} ms in a second",
        idle * 1e3
    );
    Ok(())
}

/// Returns which part of a second the processors work without any run.
fn idle() -> Result<f64> {
    let before = cpu::used()?;
    let began = Instant::now();
    thread::sleep(REST * 2);
    let work = cpu::used()?.saturating_sub(before);
    Ok(work.as_secs_f64() / began.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_at_a_time_do_more_in_a_second_if_they_only_wait() {
        let mut kind = Kind::new("it", |_| {
            Ok(Box::new(|| {
                thread::sleep(Duration::from_millis(2));
                Ok(())
            }))
        });
        assert_eq!(kind.figures(), None);
        kind.prepare().unwrap();
        kind.take().unwrap();
        let figures = kind.figures().unwrap();
        assert_eq!(kind.runs(), IN_A_ROW);
        assert!(figures.p50 >= Duration::from_millis(2) && figures.p99 >= figures.p50);
        let [one, _, four] = figures.rates;
        assert!(one <= 500.0 && four > 2.0 * one, "{figures:?}");
    }

    #[test]
    fn a_run_that_fails_ends_the_measurement() {
        let mut kind = Kind::new("it", |_| Ok(Box::new(|| anyhow::bail!("no"))));
        assert!(kind.prepare().is_err());
    }
}
