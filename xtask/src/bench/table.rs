//! Prints the samples that were taken, and statistics of them.

use super::contestant::Contestant;
use super::measure::quantile;

/// Prints all samples, in the order in which they were taken.
pub(super) fn print_samples(contestants: &[Contestant]) {
    println!("\nall samples, milliseconds:");
    for contestant in contestants {
        let samples = contestant.measure().samples;
        let times: Vec<_> = samples
            .iter()
            .map(|time| format!("{:.0}", time * 1e3))
            .collect();
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
    for contestant in contestants {
        let samples = contestant.measure().samples;
        let millis = |percent| quantile(&samples, percent).unwrap_or_default() * 1e3;
        let [p10, median, p90, p99] = [10, 50, 90, 99].map(millis);
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
