//! How long the processors of this machine have worked, for all processes together: what is done for
//! a test by a daemon, by what it starts and by the kernel is counted with it.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// The sum of all tasks in nanoseconds, where control groups of version 1 are mounted.
const USAGE: &str = "/sys/fs/cgroup/cpuacct/cpuacct.usage";

/// The fields of `/proc/stat` that are not work: idle, and waiting for a disk.
const IDLE: [usize; 2] = [3, 4];

/// Fields from here on have been counted by others.
const OTHERS: usize = 7;

/// Returns it since the machine was started.
pub(super) fn used() -> Result<Duration> {
    if let Ok(text) = fs::read_to_string(USAGE) {
        let nanos = text.trim().parse().context("cannot read cpuacct.usage")?;
        return Ok(Duration::from_nanos(nanos));
    }
    let ticks = rustix::param::clock_ticks_per_second();
    in_ticks(&fs::read_to_string("/proc/stat")?, ticks)
}

fn in_ticks(stat: &str, a_second: u64) -> Result<Duration> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "));
    let fields = line.context("cannot find the processors in /proc/stat")?;
    let fields = fields.split_whitespace().take(OTHERS).enumerate();
    let work = fields.filter(|(at, _)| !IDLE.contains(at));
    let ticks: u64 = work
        .filter_map(|(_, field)| field.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_secs_f64(ticks as f64 / a_second as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_of_users_of_the_kernel_and_of_interrupts_counts_and_rest_does_not() {
        let stat = "cpu  100 10 30 5000 600 4 6 7000 8 9\ncpu0 1 1 1 1\n";
        let used = in_ticks(stat, 100).unwrap();
        assert_eq!(used, Duration::from_millis(1500));
        assert!(in_ticks("", 100).is_err());
    }

    #[test]
    fn a_process_that_works_is_counted() {
        let before = used().unwrap();
        let began = std::time::Instant::now();
        while began.elapsed() < Duration::from_millis(100) {
            std::hint::spin_loop();
        }
        assert!(used().unwrap() - before >= Duration::from_millis(20));
    }
}
