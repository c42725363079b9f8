//! Sizes and durations as people write them: `512M`, `1h 30m`. The one grammar for the attribute, `vm-test.toml`, the command
//! line and variables. Knows no setting and no limits.

/// A kind of quantity.
#[derive(Debug)]
pub struct Scale {
    /// What a quantity of it is called.
    pub noun: &'static str,
    /// Spellings of units, and the factor of each; the first of a factor is the one that is shown.
    units: &'static [(&'static str, u64)],
    /// The unit that a number without one most likely means.
    usual: &'static str,
    /// Whether a quantity may have parts, as in `1h30m`.
    has_parts: bool,
    /// The units, for people.
    names: &'static str,
    /// Two quantities as people would write them.
    examples: &'static str,
}

/// Bytes, in powers of 1024.
pub const SIZE: Scale = Scale {
    noun: "size",
    units: &[
        ("K", 1 << 10),
        ("KB", 1 << 10),
        ("KiB", 1 << 10),
        ("M", 1 << 20),
        ("MB", 1 << 20),
        ("MiB", 1 << 20),
        ("G", 1 << 30),
        ("GB", 1 << 30),
        ("GiB", 1 << 30),
        ("T", 1 << 40),
        ("TB", 1 << 40),
        ("TiB", 1 << 40),
    ],
    usual: "M",
    has_parts: false,
    names: "`K`, `M`, `G` and `T`",
    examples: "\"512M\" or \"2G\"",
};

/// Milliseconds.
pub const DURATION: Scale = Scale {
    noun: "duration",
    units: &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)],
    usual: "s",
    has_parts: true,
    names: "`ms`, `s`, `m` and `h`",
    examples: "\"60s\" or \"5m\"",
};

/// Shows a duration, to the millisecond, as people write it.
#[must_use]
pub fn show_duration(time: std::time::Duration) -> String {
    DURATION.show(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Why a text is no quantity.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The cause.
    pub cause: String,
    /// The cure.
    pub cure: Cure,
}

/// What helps against a text that is no quantity.
#[derive(Debug, PartialEq, Eq)]
pub enum Cure {
    /// To write this, which was most likely meant.
    Write(String),
    /// To follow the grammar.
    Rule,
    /// To write less: it is more than anybody can count.
    Less,
}

impl Scale {
    /// Reads whole numbers with their units, which must be there. Their case, and blanks, mean nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&self, text: &str) -> Result<u64, Wrong> {
        self.sum(text).map_err(|cause| match cause {
            Some(cause) => Wrong {
                cause,
                cure: self.correct(text).map_or(Cure::Rule, Cure::Write),
            },
            None => Wrong {
                cause: format!("`{}` is out of range", text.escape_debug()),
                cure: Cure::Less,
            },
        })
    }

    /// The value of all parts, or why there is none; no reason means that it is too much.
    fn sum(&self, text: &str) -> Result<u64, Option<String>> {
        let shown = text.escape_debug();
        let (mut rest, mut sum, mut last) = (text.trim(), 0_u64, None);
        loop {
            let (number, unit, next) = part(rest);
            if number.is_empty() {
                let what = match last {
                    None => "does not start with a whole number",
                    Some(_) => "does not continue with a whole number",
                };
                return Err(Some(format!("`{shown}` {what}")));
            }
            if unit.is_empty() {
                let (rest, next) = (rest.escape_debug(), next.escape_debug());
                return Err(Some(match next.clone().next() {
                    None => format!("`{rest}` has no unit"),
                    Some('.' | ',') => format!("`{rest}` is not a whole number"),
                    Some(_) => format!("`{next}` is not a unit"),
                }));
            }
            let factor = self.factor(unit);
            let factor =
                factor.ok_or_else(|| format!("`{}` is not a unit", unit.escape_debug()))?;
            if last.is_some() && !self.has_parts {
                return Err(Some(format!("`{shown}` has more than one unit")));
            }
            if last.is_some_and(|last| last <= factor) {
                let what = "does not go from larger units to smaller ones";
                return Err(Some(format!("`{shown}` {what}")));
            }
            let value = number.parse::<u64>().ok();
            let value = value.and_then(|value| value.checked_mul(factor));
            let Some(value) = value.and_then(|value| value.checked_add(sum)) else {
                return Err(None);
            };
            if next.is_empty() {
                return Ok(value);
            }
            (rest, sum, last) = (next, value, Some(factor));
        }
    }

    /// The quantity that a text most likely means: itself, or a bare number with the usual unit.
    #[must_use]
    pub fn correct(&self, text: &str) -> Option<String> {
        let text = text.trim();
        let is_bare = text.chars().all(|c| c.is_ascii_digit());
        let meant = format!("{text}{}", if is_bare { self.usual } else { "" });
        self.sum(&meant).is_ok().then_some(meant)
    }

    /// How quantities are written.
    #[must_use]
    pub fn rule(&self) -> String {
        format!(
            "write a whole number and a unit; the units are {}",
            self.names
        )
    }

    /// A quantity as people write it: in the largest unit that says it whole.
    #[must_use]
    pub fn show(&self, value: u64) -> String {
        let divides = |factor: u64| value > 0 && value.is_multiple_of(factor);
        let units = self.units.iter().map(|(_, factor)| *factor);
        let largest = units.filter(|factor| divides(*factor)).max();
        let unit = self
            .units
            .iter()
            .find(|(_, factor)| Some(*factor) == largest);
        unit.map_or(value.to_string(), |(name, factor)| {
            format!("{}{name}", value / factor)
        })
    }

    /// The same as [`read`](Self::read) for a command line or a variable, where one sentence says it.
    ///
    /// # Errors
    /// What is expected instead.
    pub fn read_shortly(&self, text: &str) -> Result<u64, String> {
        self.read(text).map_err(|wrong| match wrong.cure {
            Cure::Less => format!("{}; write a smaller {}", wrong.cause, self.noun),
            Cure::Rule | Cure::Write(_) => format!(
                "`{}` is not a {}; write a number with a unit, as in {}",
                text.escape_debug(),
                self.noun,
                self.examples
            ),
        })
    }

    fn factor(&self, unit: &str) -> Option<u64> {
        let mut units = self.units.iter();
        let found = units.find(|(known, _)| known.eq_ignore_ascii_case(unit));
        found.map(|(_, factor)| *factor)
    }
}

/// A number, its unit, and what comes after both.
fn part(text: &str) -> (&str, &str, &str) {
    let (number, rest) = split(text, |c| c.is_ascii_digit());
    let (unit, rest) = split(rest.trim_start(), char::is_alphabetic);
    (number, unit, rest.trim_start())
}

/// The characters at the beginning that are of this kind, and the rest.
fn split(text: &str, is_of_kind: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !is_of_kind(c));
    text.split_at(end.unwrap_or(text.len()))
}

/// Bytes.
///
/// # Errors
/// What is expected instead.
pub fn bytes(text: &str) -> Result<u64, String> {
    SIZE.read_shortly(text)
}

/// Milliseconds.
///
/// # Errors
/// What is expected instead.
pub fn millis(text: &str) -> Result<u64, String> {
    DURATION.read_shortly(text)
}

#[cfg(test)]
mod tests;
