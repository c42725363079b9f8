//! Prints the samples that were taken, and statistics of them.

use std::time::Duration;

use super::contestant::Contestant;

/// Prints all samples, in the order in which they were taken.
pub(super) fn print_samples(contestants: &[Contestant]) {
    println!("\nall samples, milliseconds:");
    for contestant in contestants {
        let times = contestant.times().iter();
        let times: Vec<_> = times.map(|time| time.as_millis().to_string()).collect();
        println!("{:<20} {}", contestant.name, times.join(" "));
    }
}

/// Prints statistics of the samples.
pub(super) fn print_table(contestants: &[Contestant]) {
    println!("\ninterleaved samples, milliseconds:");
    println!(
        "{:<20} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "", "samples", "p10", "median", "p90", "p99"
    );
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    for contestant in contestants {
        let [p10, median, p90, p99] =
            [10, 50, 90, 99].map(|percent| millis(contestant.quantile(percent)));
        println!(
            "{:<20} {:>8} {p10:>8.2} {median:>8.2} {p90:>8.2} {p99:>8.2}",
            contestant.name,
            contestant.samples(),
        );
    }
}

/// Returns the host's load in the last minute, and in the last five and fifteen.
pub(super) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let words: Vec<_> = text.split_whitespace().take(3).collect();
    words.join(" ")
}
