//! All that a run of the bench has found, as it is written to a file for other programs: when and
//! where it was measured, the samples, and the goals. Measures and judges nothing.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::goal::Goal;
use super::measure::Measure;
use super::scene::Scene;

/// The version of this form of a report: it grows with each change that a reader has to know.
const SCHEMA: u32 = 1;

/// All that one run has found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    schema: u32,
    /// What was compared, as the option is called.
    pub(super) form: String,
    pub(super) scene: Scene,
    pub(super) contestants: Vec<Entry>,
    pub(super) curves: Vec<Curve>,
    pub(super) goals: Vec<Goal>,
    /// What a reader has to know of the figures, as that there are too few samples.
    pub(super) remarks: Vec<String>,
}

/// What was measured of one contestant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) measures: Vec<Measure>,
}

impl Report {
    /// Returns a report without any result.
    pub(super) fn new(form: &str, scene: Scene) -> Self {
        Self {
            schema: SCHEMA,
            form: form.to_owned(),
            scene,
            contestants: Vec::new(),
            curves: Vec::new(),
            goals: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Adds what was measured of a contestant, which may have other measures already.
    pub(super) fn add(&mut self, name: &str, measures: impl IntoIterator<Item = Measure>) {
        match self.contestants.iter_mut().find(|it| it.name == name) {
            Some(entry) => entry.measures.extend(measures),
            None => self.contestants.push(Entry {
                name: name.to_owned(),
                measures: measures.into_iter().collect(),
            }),
        }
    }

    /// Returns what was measured of a contestant.
    pub(super) fn measure(&self, name: &str, what: &str) -> Option<&Measure> {
        let entry = self.contestants.iter().find(|it| it.name == name)?;
        entry.measures.iter().find(|it| it.what == what)
    }

    /// Returns the median of that.
    pub(super) fn median(&self, name: &str, what: &str) -> Option<f64> {
        self.measure(name, what)?.median
    }

    /// Remarks of which contestants there are not enough samples.
    pub(super) fn few_samples(&mut self, of: &[&str], enough: usize) {
        self.remarks.push(format!(
            "fewer than {enough} samples of {}: what is said of goals above is a hint, and no measurement",
            of.join("; ")
        ));
    }

    /// Returns whether no goal is missed.
    pub(super) fn is_met(&self) -> bool {
        self.goals.iter().all(Goal::is_met)
    }

    /// Prints the goals and the remarks.
    pub(super) fn print_goals(&self) {
        println!();
        for line in &self.goals {
            println!("{line}");
        }
        for line in &self.remarks {
            println!("\n{line}");
        }
    }

    /// Writes it as JSON.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::curve::Point;
    use crate::bench::measure::TIME;

    /// Returns a report with everything that a report can have.
    fn sample(value: f64) -> Report {
        let mut report = Report::new("curves", Scene::default());
        report.add("on_vm", [Measure::new(TIME, "s", vec![0.01, 0.012, 0.011])]);
        report.add("on_vm", [Measure::new("memory", "KiB", vec![])]);
        let pair = (Duration::from_millis(2), Duration::from_millis(12));
        report.curves.push(Curve {
            name: "suite".to_owned(),
            what: "tests before it".to_owned(),
            unit: "tests".to_owned(),
            guest: "host".to_owned(),
            points: vec![Point::of(100.0, &[pair])],
        });
        report
            .goals
            .push(Goal::at_most("time", Some(value), "x crun", 0.5));
        report
            .goals
            .push(Goal::at_least("rate", Some(value), "x crun", 0.1));
        report
            .goals
            .push(Goal::of("memory", Some(value), "KiB", None));
        report.remarks.push("few samples".to_owned());
        report
    }

    #[test]
    fn a_report_is_read_from_its_file_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        let report = sample(0.4);
        report.write(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        let nowhere = directory.path().join("none/report.json");
        let error = report.write(&nowhere).unwrap_err().to_string();
        assert!(error.starts_with("cannot write "), "{error}");
    }

    #[test]
    fn other_programs_find_samples_medians_and_goals_by_name() {
        let json = serde_json::to_value(sample(0.6)).unwrap();
        assert_eq!(json["schema"], 1);
        let entry = &json["contestants"][0];
        assert_eq!(entry["name"], "on_vm");
        assert_eq!(entry["measures"][0]["median"], 0.011);
        assert_eq!(entry["measures"][0]["samples"][1], 0.012);
        assert!(entry["measures"][1]["median"].is_null());
        let goal = &json["goals"][0];
        assert_eq!(
            (&goal["value"], &goal["limit"]["at-most"]),
            (&0.6.into(), &0.5.into())
        );
        assert_eq!(json["goals"][1]["limit"]["at-least"], 0.1);
        let outcomes = [0, 1, 2].map(|at| json["goals"][at]["outcome"].clone());
        assert_eq!(outcomes, ["missed", "met", "no-goal"]);
        assert_eq!(json["curves"][0]["points"][0]["over"]["median"], 0.01);
    }

    #[test]
    fn one_goal_that_is_missed_is_enough() {
        assert!(sample(0.4).is_met());
        assert!(!sample(0.6).is_met());
    }
}
