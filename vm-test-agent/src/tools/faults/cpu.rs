//! Work that takes the processors. In a VM it goes before everything else for a part of the time;
//! in a container, where no priority can be raised, it competes with many threads.

use super::super::stop::Stop;
use super::super::streams::Streams;
use rustix::process::setpriority_process;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use vm_test_protocol::tool::Told;

/// One turn of work and rest.
const PERIOD: Duration = Duration::from_millis(20);

/// The longest work at a time.
const LONGEST: Duration = Duration::from_millis(500);

/// The priority that goes before all that is not of real time.
const FIRST: i32 = -20;

/// How much of the time is left at least, in percent.
const LEAST: u8 = 2;

/// The work on each processor.
#[derive(Debug, PartialEq, Eq)]
struct Work {
    /// How many threads do it.
    threads: u32,
    /// How much of each period they work.
    busy: Duration,
}

impl Work {
    /// Returns the work that leaves so much of the time, in percent.
    fn leaving(left: u8, goes_first: bool) -> Self {
        let taken = 100 - u32::from(left);
        if goes_first || taken < 50 {
            return Self {
                threads: 1,
                busy: PERIOD * taken / 100,
            };
        }
        // All threads get the same share.
        Self {
            threads: (100 / u32::from(left)).saturating_sub(1).max(1),
            busy: PERIOD,
        }
    }

    /// Returns how long it works after a rest. On a busy host, a rest is longer than it should be.
    fn after(busy: Duration, rested: Duration) -> Duration {
        let rest = PERIOD.saturating_sub(busy).max(Duration::from_micros(1));
        let share = rested.as_secs_f64() / rest.as_secs_f64();
        busy.mul_f64(share.min(LONGEST.as_secs_f64() / busy.as_secs_f64()))
    }
}

/// Leaves so much of the processors' time, in percent, until the end of the tool's input.
pub(super) fn starve(left: u8, streams: &mut Streams) -> Result<(), Stop> {
    const WHAT: &str = "take the processors";
    if !(LEAST..100).contains(&left) {
        let cause = format!("what is left is from {LEAST} to 99 percent, not {left}");
        return Err(Stop::cannot(WHAT, cause));
    }
    let goes_first = setpriority_process(None, FIRST).is_ok();
    let load = Load::begin(&Work::leaving(left, goes_first));
    let load = load.map_err(|error| Stop::cannot(WHAT, error))?;
    streams.say(&Told::Faulted(Vec::new()))?;
    streams.await_end()?;
    drop(load);
    Ok(())
}

/// Threads that work. Dropped, they end.
struct Load {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn begin(work: &Work) -> std::io::Result<Self> {
        let processors = thread::available_parallelism()?.get();
        let mut load = Self {
            is_over: Arc::default(),
            threads: Vec::new(),
        };
        for _ in 0..processors * work.threads as usize {
            let (is_over, busy) = (Arc::clone(&load.is_over), work.busy);
            let builder = thread::Builder::new().stack_size(64 << 10);
            load.threads
                .push(builder.spawn(move || turn(&is_over, busy))?);
        }
        Ok(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Works and rests until it is over.
fn turn(is_over: &AtomicBool, busy: Duration) {
    let mut work = busy;
    while !is_over.load(Ordering::Relaxed) {
        let until = Instant::now() + work;
        while Instant::now() < until {
            spin_loop();
        }
        if busy < PERIOD {
            let begin = Instant::now();
            thread::sleep(PERIOD - busy);
            work = Work::after(busy, begin.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_leaves_what_it_is_to_leave() {
        for (left, goes_first, threads, busy) in [
            (10, true, 1, 90),
            (90, true, 1, 10),
            (90, false, 1, 10),
            (50, false, 1, 100),
            (33, false, 2, 100),
            (10, false, 9, 100),
            (2, false, 49, 100),
        ] {
            let work = Work::leaving(left, goes_first);
            let busy = PERIOD * busy / 100;
            assert_eq!(work, Work { threads, busy }, "{left} {goes_first}");
        }
    }

    #[test]
    fn after_a_longer_rest_work_is_longer_up_to_a_limit() {
        let millis = Duration::from_millis;
        let near = |one: Duration, other: Duration| one.abs_diff(other) < millis(1) / 10;
        assert!(near(Work::after(millis(16), millis(4)), millis(16)));
        assert!(near(Work::after(millis(16), millis(12)), millis(48)));
        assert!(near(Work::after(millis(2), millis(36)), millis(4)));
        let long = Duration::from_secs(60);
        assert!(near(Work::after(millis(16), long), LONGEST));
    }

    #[test]
    fn threads_end_when_the_load_does() {
        let begin = Instant::now();
        let load = Load::begin(&Work::leaving(99, true)).unwrap();
        assert!(!load.threads.is_empty());
        drop(load);
        assert!(begin.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn all_of_the_time_or_none_of_it_is_refused() {
        use super::super::super::streams::tests::Played;
        for left in [0, 1, 100] {
            let told = Played::begin(move |streams| starve(left, streams)).end();
            let [Told::Failed(failure)] = &told[..] else {
                panic!("{left}: {told:?}");
            };
            assert!(
                failure.message.contains("from 2 to 99 percent"),
                "{failure}"
            );
        }
    }
}
