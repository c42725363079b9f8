//! One finding of the doctor, and how it is printed. Finds nothing itself.

use super::super::output::paint;
use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;
use vm_test_protocol::failure::Failure;

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// All is well.
    Pass,
    /// Guests work, with less than they could have.
    Warn,
    /// Guests do not work.
    Fail,
}

/// One check, done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) status: Verdict,
    pub(super) finding: String,
    pub(super) consequence: Option<String>,
    pub(super) hint: Option<String>,
}

impl Check {
    pub(super) fn pass(name: &'static str, finding: impl Into<String>) -> Self {
        Self {
            name,
            status: Verdict::Pass,
            finding: finding.into(),
            consequence: None,
            hint: None,
        }
    }

    pub(super) fn warn(name: &'static str, finding: impl Into<String>) -> Self {
        Self {
            status: Verdict::Warn,
            ..Self::pass(name, finding)
        }
    }

    /// Returns a check that failed, with the failure's own remedy.
    pub(super) fn fail(name: &'static str, failure: Failure) -> Self {
        let finding = failure.text();
        Self {
            status: Verdict::Fail,
            // The reader is following that hint already.
            hint: failure.hint.filter(|hint| !hint.contains("vm-test doctor")),
            ..Self::pass(name, finding)
        }
    }

    pub(super) fn consequence(mut self, consequence: impl Into<String>) -> Self {
        self.consequence = Some(consequence.into());
        self
    }

    /// Adds a remedy, unless there is a better one already.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Returns the same check without a remedy that an earlier check has shown already.
    pub(super) fn after(&self, earlier: &[Self]) -> Self {
        let same = |check: &&Self| check.hint.is_some() && check.hint == self.hint;
        match earlier.iter().find(same) {
            Some(first) => Self {
                hint: Some(format!("as for {}, above", first.name)),
                ..self.clone()
            },
            None => self.clone(),
        }
    }

    /// Returns the text for people: one line, and two more if something is wrong.
    pub(super) fn text(&self, colourful: bool) -> String {
        let (word, style): (_, Style) = match self.status {
            Verdict::Pass => ("pass", AnsiColor::Green.on_default()),
            Verdict::Warn => ("warn", AnsiColor::Yellow.on_default().bold()),
            Verdict::Fail => ("fail", AnsiColor::Red.on_default().bold()),
        };
        let mut text = format!(
            "{}  {}: {}\n",
            paint(word, style, colourful),
            self.name,
            one_line(&self.finding)
        );
        let lines = [("consequence", &self.consequence), ("hint", &self.hint)];
        for (label, words) in lines {
            if let Some(words) = words {
                text += &format!("      {label}: {}\n", one_line(words));
            }
        }
        text
    }
}

/// Joins lines: causes may come from other programs, in several lines.
fn one_line(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_has_a_consequence_and_a_hint_below_it() {
        let failure = Failure::new("cannot open it:\nno such file").hint("install it");
        let check = Check::fail("liblxc", failure)
            .consequence("no guest starts")
            .hint("never seen");
        assert_eq!(
            check.text(false),
            "fail  liblxc: cannot open it: no such file\n      \
             consequence: no guest starts\n      hint: install it\n"
        );
        assert_eq!(Check::pass("a", "b").text(false), "pass  a: b\n");
    }

    #[test]
    fn a_cure_is_told_once() {
        let check = |name| Check::fail(name, Failure::new("it").hint("mend it"));
        let second = check("guest").after(&[Check::pass("kernel", "x"), check("id maps")]);
        assert_eq!(second.hint.as_deref(), Some("as for id maps, above"));
        let passed = Check::pass("a", "b");
        assert_eq!(passed.after(&[Check::pass("kernel", "x")]), passed);
    }

    #[test]
    fn nobody_is_sent_from_the_doctor_to_the_doctor() {
        let failure =
            Failure::new("cannot do it").hint("`vm-test doctor` helps to find the reason");
        let check = Check::fail("guest", failure).hint("the checks above name what is missing");
        let hint = check.hint.as_deref();
        assert_eq!(hint, Some("the checks above name what is missing"));
    }
}
