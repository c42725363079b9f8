//! Sizes and durations as users write them: `512M`, `1h 30m`.
//!
//! The one grammar for the attribute, `vm-test.toml`, the command line and variables. Knows no
//! settings and no limits.

/// A kind of quantity.
#[derive(Debug)]
pub struct Scale {
    /// The noun for a quantity.
    pub noun: &'static str,
    /// The units and their factors; the first unit of a factor is used for output.
    units: &'static [(&'static str, u64)],
    /// The unit that is suggested for a number without one.
    usual: &'static str,
    /// Whether a quantity may have parts, as in `1h30m`.
    has_parts: bool,
    /// The units, for messages.
    names: &'static str,
    /// Two examples, for messages.
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

/// Formats a duration, to the millisecond.
#[must_use]
pub fn show_duration(time: std::time::Duration) -> String {
    DURATION.show(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Why a text is not a quantity.
#[derive(Debug, PartialEq, Eq)]
pub struct QuantityError {
    /// The cause.
    pub cause: String,
    /// The remedy.
    pub remedy: Remedy,
}

/// The remedy for a text that is not a quantity.
#[derive(Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Write this, which was most likely meant.
    Write(String),
    /// Follow the grammar.
    Rule,
    /// Write a smaller value: it is out of range.
    Less,
}

impl Scale {
    /// Parses whole numbers with units, which are required; ignores case and blanks.
    ///
    /// # Errors
    /// If it is not valid; the error says why.
    pub fn read(&self, text: &str) -> Result<u64, QuantityError> {
        self.sum(text).map_err(|cause| match cause {
            Some(cause) => QuantityError {
                cause,
                remedy: self.correct(text).map_or(Remedy::Rule, Remedy::Write),
            },
            None => QuantityError {
                cause: format!("`{}` is out of range", text.escape_debug()),
                remedy: Remedy::Less,
            },
        })
    }

    /// Returns the sum of all parts, or why it is not valid.
    ///
    /// `Err(None)` means that it is out of range.
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

    /// Returns the quantity that a text most likely means.
    ///
    /// This is the text itself, or a bare number with the usual unit.
    #[must_use]
    pub fn correct(&self, text: &str) -> Option<String> {
        let text = text.trim();
        let is_bare = text.chars().all(|c| c.is_ascii_digit());
        let meant = format!("{text}{}", if is_bare { self.usual } else { "" });
        self.sum(&meant).is_ok().then_some(meant)
    }

    /// Returns a description of the grammar.
    #[must_use]
    pub fn rule(&self) -> String {
        format!(
            "write a whole number and a unit; the units are {}",
            self.names
        )
    }

    /// Formats a quantity in the largest unit that divides it.
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

    /// Parses like [`read`](Self::read), for a command line or variable, with a one-sentence error.
    ///
    /// # Errors
    /// If it is not valid; the error says what is expected.
    pub fn read_shortly(&self, text: &str) -> Result<u64, String> {
        self.read(text).map_err(|wrong| match wrong.remedy {
            Remedy::Less => format!("{}; write a smaller {}", wrong.cause, self.noun),
            Remedy::Rule | Remedy::Write(_) => format!(
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

/// Splits off a number and its unit; returns them and the rest.
fn part(text: &str) -> (&str, &str, &str) {
    let (number, rest) = split(text, |c| c.is_ascii_digit());
    let (unit, rest) = split(rest.trim_start(), char::is_alphabetic);
    (number, unit, rest.trim_start())
}

/// Splits off the leading characters of this kind.
fn split(text: &str, is_of_kind: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !is_of_kind(c));
    text.split_at(end.unwrap_or(text.len()))
}

/// Parses a size as bytes.
///
/// # Errors
/// If it is not valid; the error says what is expected.
pub fn bytes(text: &str) -> Result<u64, String> {
    SIZE.read_shortly(text)
}

/// Parses a duration as milliseconds.
///
/// # Errors
/// If it is not valid; the error says what is expected.
pub fn millis(text: &str) -> Result<u64, String> {
    DURATION.read_shortly(text)
}

#[cfg(test)]
mod tests;
