//! The figures of one way to a server, and their medians. Measures nothing.

use std::time::Duration;

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
    /// Returns the median of each figure; there is none of no samples.
    pub(super) fn median(samples: &[Self]) -> Option<Self> {
        let of = |figure: fn(&Self) -> f64| {
            let mut values: Vec<_> = samples.iter().map(figure).collect();
            values.sort_by(f64::total_cmp);
            quantile(&values, 50)
        };
        Some(Self {
            p50: of(|it| it.p50)?,
            p99: of(|it| it.p99)?,
            bytes: of(|it| it.bytes)?,
            exchanges: of(|it| it.exchanges)?,
        })
    }

    /// Returns the figures of an exchange on one connection, and the two others.
    pub(super) fn of(mut times: Vec<Duration>, bytes: f64, exchanges: f64) -> Self {
        times.sort();
        let seconds = |percent| quantile(&times, percent).map_or(0.0, |it| it.as_secs_f64());
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

/// Returns a percentile of what is sorted.
fn quantile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_a_median_of_its_own() {
        let of = |p50: f64, bytes: f64| Figures {
            p50,
            bytes,
            ..Figures::default()
        };
        let samples = [of(1.0, 30.0), of(3.0, 10.0), of(2.0, 20.0)];
        assert_eq!(Figures::median(&samples), Some(of(2.0, 20.0)));
        assert_eq!(Figures::median(&[]), None);
    }

    #[test]
    fn the_times_of_a_sample_become_percentiles() {
        let times = (1..=200).rev().map(Duration::from_micros).collect();
        let words = Figures::of(times, 2.5e9, 1234.4).in_words();
        let words = words.map(|(_, word)| word);
        assert_eq!(words, ["100.0", "198.0", "2500", "1234"]);
    }
}
