//! A unit of systemd: its state as `systemctl` tells it, and what its journal says.

use super::look::{Evidence, Look, Watched};
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

/// Where systemd keeps its state once it has booted a system.
const BOOTED: &str = "/run/systemd/system";

/// What is asked about a unit.
const PROPERTIES: &str = "LoadState,ActiveState,SubState,Result,Job";

/// What is shown of a unit's journal: the last lines, as they were written.
const JOURNAL: [&str; 4] = ["--quiet", "--no-pager", "--output=cat", "--lines=10"];

const NO_SYSTEMD: &str =
    "units need a guest with init = \"system\", whose image has systemd, as debian-12-systemd has";

const NOT_FOUND: &str =
    "systemd sees the file of a unit that a test has written after `systemctl daemon-reload`";

const MASKED: &str = "`systemctl unmask` ends that";

/// Waits until the unit with this name is active.
pub(super) struct Unit(pub(super) String);

impl Watched for Unit {
    type Value = ();

    fn what(&self) -> String {
        format!("unit `{}` active", self.0)
    }

    fn look(&mut self) -> Look<()> {
        if !is_booted() {
            return never("systemd has not booted this guest", Some(NO_SYSTEMD));
        }
        let mut command = Command::new("systemctl");
        command.args(["show", "--property", PROPERTIES, "--", &self.0]);
        match command.output() {
            Ok(output) if output.status.success() => {
                State::of(&String::from_utf8_lossy(&output.stdout)).look()
            }
            Ok(output) => {
                let words = String::from_utf8_lossy(&output.stderr);
                Look::NotYet(format!("cannot ask systemctl: {}", words.trim()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                never("there is no program `systemctl` here", Some(NO_SYSTEMD))
            }
            Err(error) => Look::NotYet(format!("cannot run systemctl: {error}")),
        }
    }

    fn evidence(&self) -> Option<Evidence> {
        if !is_booted() {
            return None;
        }
        // What the unit wrote last may not have got there yet. An old or absent journal is no
        // reason to fail in another way.
        let _ = Command::new("journalctl").arg("--sync").output();
        let mut command = Command::new("journalctl");
        command.args(JOURNAL).args(["--unit", &self.0]);
        let output = command.output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let lines = text.lines().map(|line| line.replace(char::is_control, " "));
        Some(Evidence {
            title: "the last lines of its journal",
            lines: lines.collect(),
        })
    }
}

fn is_booted() -> bool {
    Path::new(BOOTED).is_dir()
}

fn never(cause: &str, hint: Option<&'static str>) -> Look<()> {
    Look::Never {
        cause: cause.to_owned(),
        hint,
    }
}

/// What systemd says about a unit, in its own words.
#[derive(Debug, PartialEq, Eq)]
struct State<'a> {
    load: &'a str,
    active: &'a str,
    sub: &'a str,
    result: &'a str,
    has_job: bool,
}

impl<'a> State<'a> {
    /// Reads the output of `systemctl show`.
    fn of(text: &'a str) -> Self {
        let value = |name: &str| {
            let mut values = text
                .lines()
                .filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            values.next().unwrap_or_default()
        };
        Self {
            load: value("LoadState"),
            active: value("ActiveState"),
            sub: value("SubState"),
            result: value("Result"),
            // Of a unit without a job the line is missing, or its number is 0.
            has_job: !matches!(value("Job"), "" | "0"),
        }
    }

    fn look(&self) -> Look<()> {
        match (self.load, self.active) {
            (_, "active" | "reloading") => Look::Met(()),
            ("not-found", _) => never("there is no such unit", Some(NOT_FOUND)),
            ("masked", _) => never("it is masked", Some(MASKED)),
            ("error" | "bad-setting", _) => never("its file cannot be loaded", None),
            // It may be starting again.
            (_, "failed") if !self.has_job => never(&self.words(), None),
            _ => Look::NotYet(self.words()),
        }
    }

    fn words(&self) -> String {
        if self.active.is_empty() {
            return "systemctl says nothing about it".to_owned();
        }
        let mut words = match self.active {
            "failed" => "it has failed".to_owned(),
            active => format!("it is {active}"),
        };
        if !self.sub.is_empty() && self.sub != self.active {
            words += &format!(" ({})", self.sub);
        }
        if !matches!(self.result, "" | "success") {
            words += &format!(", with result {}", self.result);
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(lines: &[&str]) -> Look<()> {
        State::of(&lines.join("\n")).look()
    }

    fn not_yet(words: &str) -> Look<()> {
        Look::NotYet(words.to_owned())
    }

    #[test]
    fn a_unit_that_is_active_or_reloads_ends_the_wait() {
        for active in ["ActiveState=active", "ActiveState=reloading"] {
            assert_eq!(look(&["LoadState=loaded", active]), Look::Met(()));
        }
        // Its file was removed while it runs.
        let gone = ["LoadState=not-found", "ActiveState=active"];
        assert_eq!(look(&gone), Look::Met(()));
    }

    #[test]
    fn a_unit_that_may_become_active_is_described() {
        for (lines, words) in [
            (
                &["Job=71", "ActiveState=activating", "SubState=start-pre"][..],
                "it is activating (start-pre)",
            ),
            (
                &["ActiveState=inactive", "SubState=dead", "Result=success"],
                "it is inactive (dead)",
            ),
            (
                &[
                    "ActiveState=activating",
                    "SubState=auto-restart",
                    "Result=exit-code",
                ],
                "it is activating (auto-restart), with result exit-code",
            ),
            (&["Names=a"], "systemctl says nothing about it"),
        ] {
            assert_eq!(look(lines), not_yet(words), "{lines:?}");
        }
    }

    #[test]
    fn a_unit_that_has_failed_ends_the_wait_unless_a_job_starts_it_again() {
        let mut lines = vec![
            "Result=exit-code",
            "LoadState=loaded",
            "ActiveState=failed",
            "SubState=failed",
            "Job=0",
        ];
        let words = "it has failed, with result exit-code";
        assert_eq!(look(&lines), never(words, None));
        lines[4] = "Job=71";
        assert_eq!(look(&lines), not_yet(words));
    }

    #[test]
    fn a_unit_that_systemd_cannot_start_ends_the_wait() {
        for (load, hint) in [
            ("LoadState=not-found", Some(NOT_FOUND)),
            ("LoadState=masked", Some(MASKED)),
            ("LoadState=bad-setting", None),
            ("LoadState=error", None),
        ] {
            let found = look(&[load, "ActiveState=inactive", "SubState=dead"]);
            let is_expected = matches!(&found, Look::Never { hint: said, .. } if *said == hint);
            assert!(is_expected, "{load}: {found:?}");
        }
    }

    #[test]
    fn a_value_belongs_to_the_whole_name_of_its_property() {
        let state = State::of("ActiveStateX=a\nSubState=b=c\nActiveState=d\n");
        assert_eq!((state.active, state.sub), ("d", "b=c"));
    }
}
