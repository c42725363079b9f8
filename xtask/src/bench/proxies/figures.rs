//! The figures of one way to a server. Measures nothing.

use std::time::Duration;

use crate::bench::measure::quantile;

/// What a sample consists of, and what the medians of samples are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// How long half of the exchanges on one connection take at most, in seconds.
    pub(super) p50: f64,
    /// The same of 99 of 100.
    pub(super) p99: f64,
    /// How many bytes a second come on one connection.
    pub(super) bytes: f64,
    /// How many exchanges many connections make in a second.
    pub(super) exchanges: f64,
}

impl Figures {
    /// Returns the figures of an exchange on one connection, and the two others.
    pub(super) fn of(times: &[Duration], bytes: f64, exchanges: f64) -> Self {
        let times: Vec<_> = times.iter().map(Duration::as_secs_f64).collect();
        let seconds = |percent| quantile(&times, percent).unwrap_or_default();
        Self {
            p50: seconds(50),
            p99: seconds(99),
            bytes,
            exchanges,
        }
    }

    /// Returns each figure's name, and the figure in the unit that the name says.
    pub(super) fn in_words(&self) -> [(&'static str, String); 4] {
        [
            ("p50 us", format!("{:.1}", self.p50 * 1e6)),
            ("p99 us", format!("{:.1}", self.p99 * 1e6)),
            ("MB/s", format!("{:.0}", self.bytes / 1e6)),
            ("exchanges/s", format!("{:.0}", self.exchanges)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_sample_become_percentiles() {
        let times: Vec<_> = (1..=200).rev().map(Duration::from_micros).collect();
        let words = Figures::of(&times, 2.5e9, 1234.4).in_words();
        let words = words.map(|(_, word)| word);
        assert_eq!(words, ["100.0", "198.0", "2500", "1234"]);
    }
}
