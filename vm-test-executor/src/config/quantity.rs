//! Sizes and durations as people write them: `512M`, `5m`. Pure text to number.

/// A kind of quantity.
#[derive(Debug)]
pub struct Scale {
    /// What a quantity of it is called.
    pub noun: &'static str,
    /// Spellings of units, and the factor of each.
    units: &'static [(&'static str, u64)],
    /// The unit that a number without one most likely means.
    usual: &'static str,
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
    names: "`K`, `M`, `G` and `T`",
    examples: "\"512M\" or \"2G\"",
};

/// Milliseconds.
pub const DURATION: Scale = Scale {
    noun: "duration",
    units: &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)],
    usual: "s",
    names: "`ms`, `s`, `m` and `h`",
    examples: "\"60s\" or \"5m\"",
};

/// Why a text is no quantity, and the one that was most likely meant.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The cause.
    pub cause: String,
    /// What to write instead, if that is clear.
    pub better: Option<String>,
}

impl Scale {
    /// Reads a number with its unit, which must be there.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&self, text: &str) -> Result<u64, Wrong> {
        let (number, unit) = split(text);
        let shown = text.escape_debug();
        let cause = if number.is_empty() {
            format!("`{shown}` does not start with a whole number")
        } else if unit.is_empty() {
            format!("`{shown}` has no unit")
        } else if unit.starts_with('.') {
            format!("`{shown}` is not a whole number")
        } else if self.factor(unit).is_none() {
            format!("`{}` is not a unit", unit.trim().escape_debug())
        } else {
            return self.value(number, unit).ok_or_else(|| Wrong {
                cause: format!("`{shown}` is out of range"),
                better: None,
            });
        };
        Err(Wrong {
            cause,
            better: self.correct(text),
        })
    }

    /// The spelling nearest to a text that is accepted: with the usual unit, or with its own in the right case.
    #[must_use]
    pub fn correct(&self, text: &str) -> Option<String> {
        let (number, unit) = split(text);
        let mut spellings = self.units.iter().map(|(known, _)| *known);
        let unit = match unit.trim() {
            "" => self.usual,
            unit => spellings.find(|known| known.eq_ignore_ascii_case(unit))?,
        };
        self.value(number, unit).map(|_| format!("{number}{unit}"))
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
        let mut units: Vec<_> = self.units.iter().collect();
        // Of spellings of one unit the first is the shortest.
        units.sort_by_key(|(_, factor)| std::cmp::Reverse(*factor));
        let unit = units
            .iter()
            .find(|(_, factor)| value > 0 && value.is_multiple_of(*factor));
        match unit {
            Some((name, factor)) => format!("{}{name}", value / factor),
            None => format!("{value}"),
        }
    }

    fn value(&self, number: &str, unit: &str) -> Option<u64> {
        number.parse::<u64>().ok()?.checked_mul(self.factor(unit)?)
    }

    fn factor(&self, unit: &str) -> Option<u64> {
        let found = self.units.iter().find(|(known, _)| *known == unit.trim());
        found.map(|(_, factor)| *factor)
    }

    /// The same for a command line or a variable, where one sentence says it.
    fn read_shortly(&self, text: &str) -> Result<u64, String> {
        self.read(text).map_err(|_| {
            format!(
                "`{text}` is not a {}; write a number with a unit, as in {}",
                self.noun, self.examples
            )
        })
    }
}

/// The digits at the beginning, and the rest.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
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
mod tests {
    use super::*;

    #[test]
    fn quantities_have_units_and_do_not_overflow() {
        assert_eq!(bytes("512M"), Ok(512 << 20));
        assert_eq!(bytes("2 GiB"), Ok(2 << 30));
        assert_eq!(bytes("1GB"), Ok(1 << 30));
        assert_eq!(millis("1500ms"), Ok(1500));
        assert_eq!(millis("5m"), Ok(300_000));
        for bad in [
            "",
            "12",
            "M",
            "1X",
            "-1M",
            "99999999999999999999T",
            "18446744073709551615T",
        ] {
            assert!(bytes(bad).is_err(), "{bad}");
            assert!(millis(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_quantity_is_shown_as_it_would_be_written() {
        assert_eq!(SIZE.show(10 << 40), "10T");
        assert_eq!(SIZE.show(1536 << 20), "1536M");
        assert_eq!(SIZE.show(0), "0");
        assert_eq!(DURATION.show(90_000_000), "25h");
        assert_eq!(DURATION.show(1_500), "1500ms");
    }

    #[test]
    fn what_is_wrong_is_named_with_what_was_most_likely_meant() {
        for (scale, text, cause, better) in [
            (&SIZE, "512", "`512` has no unit", Some("512M")),
            (&SIZE, "512m", "`m` is not a unit", Some("512M")),
            (&SIZE, "512X", "`X` is not a unit", None),
            (&SIZE, "1.5G", "`1.5G` is not a whole number", None),
            (&SIZE, "M", "`M` does not start with a whole number", None),
            (
                &SIZE,
                "18446744073709551615T",
                "`18446744073709551615T` is out of range",
                None,
            ),
            (&DURATION, "60", "`60` has no unit", Some("60s")),
            (&DURATION, "60S", "`S` is not a unit", Some("60s")),
            (&DURATION, "1min", "`min` is not a unit", None),
        ] {
            let wrong = scale.read(text).unwrap_err();
            assert_eq!(
                (wrong.cause.as_str(), wrong.better.as_deref()),
                (cause, better)
            );
        }
    }
}
