//! How ways to a server and the memory of what they lead through stand in a report, and how they
//! are found there again. Measures nothing.

use super::figures::Figures;
use super::memory::Course;
use crate::bench::measure::Measure;
use crate::bench::report::Report;

/// What is measured of a way, and in which unit.
const P50: (&str, &str) = ("median of an exchange", "s");
const P99: (&str, &str) = ("99th percentile of an exchange", "s");
const BYTES: (&str, &str) = ("bytes a second", "B/s");
const EXCHANGES: (&str, &str) = ("exchanges a second", "1/s");

/// What is measured of a proxy's memory: before, after some exchanges, and after many.
const MEMORY: [&str; 3] = [
    "resident before exchanges",
    "resident after 100,000 exchanges",
    "resident after a million exchanges",
];

/// Returns what a way is called.
fn name(server: &str, through: &str) -> String {
    format!("{server}, {through}")
}

/// Adds the samples of a way.
pub(super) fn add_samples(report: &mut Report, server: &str, through: &str, samples: &[Figures]) {
    let measure = |(what, unit), figure: fn(&Figures) -> f64| {
        Measure::new(what, unit, samples.iter().map(figure).collect())
    };
    let measures = [
        measure(P50, |it| it.p50),
        measure(P99, |it| it.p99),
        measure(BYTES, |it| it.bytes),
        measure(EXCHANGES, |it| it.exchanges),
    ];
    report.add(&name(server, through), measures);
}

/// Adds the memory of what a way leads through.
pub(super) fn add_memory(report: &mut Report, server: &str, through: &str, course: &Course) {
    let held = [course.before, course.some, course.many].map(|held| held.resident as f64);
    let measures = MEMORY.into_iter().zip(held);
    let measures = measures.map(|(what, held)| Measure::new(what, "KiB", vec![held]));
    report.add(&name(server, through), measures);
}

/// Returns the medians of a way.
pub(super) fn median(report: &Report, server: &str, through: &str) -> Option<Figures> {
    let name = name(server, through);
    let median = |(what, _): (&str, &str)| report.median(&name, what);
    Some(Figures {
        p50: median(P50)?,
        p99: median(P99)?,
        bytes: median(BYTES)?,
        exchanges: median(EXCHANGES)?,
    })
}

/// Returns how many KiB more are resident after many exchanges than after some.
pub(super) fn grown(report: &Report, server: &str, through: &str) -> Option<f64> {
    let name = name(server, through);
    let [_, some, many] = MEMORY.map(|what| report.median(&name, what));
    Some((many? - some?).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::super::memory::Held;
    use super::*;
    use crate::bench::scene::Scene;

    #[test]
    fn each_figure_has_a_median_of_its_own() {
        let of = |p50: f64, bytes: f64| Figures {
            p50,
            bytes,
            ..Figures::default()
        };
        let mut report = Report::new("proxies", Scene::default());
        let samples = [of(1.0, 30.0), of(3.0, 10.0), of(2.0, 20.0)];
        add_samples(&mut report, "echo", "haproxy", &samples);
        assert_eq!(median(&report, "echo", "haproxy"), Some(of(2.0, 20.0)));
        assert_eq!(median(&report, "redis", "haproxy"), None);
    }

    #[test]
    fn memory_that_shrinks_has_not_grown() {
        let held = |resident| Held { resident, share: 0 };
        let grown = |some, many| {
            let mut report = Report::new("proxies", Scene::default());
            let course = Course {
                before: held(1),
                some: held(some),
                many: held(many),
            };
            add_memory(&mut report, "echo", "haproxy", &course);
            grown(&report, "echo", "haproxy")
        };
        assert_eq!(grown(100, 164), Some(64.0));
        assert_eq!(grown(100, 90), Some(0.0));
    }
}
