//! Knows how sizes and durations are written: a whole number and a unit, within a range.
//! It must not know which setting a quantity belongs to.

use crate::refusal::Refusal;

/// A kind of quantity.
#[derive(Debug)]
pub(crate) struct Scale {
    /// What the quantity is called in messages.
    pub(crate) noun: &'static str,
    /// Spellings of units and the factor of each.
    units: &'static [(&'static str, u64)],
    /// The unit a number without one most likely means.
    usual: &'static str,
    /// The units as a sentence of a hint.
    rule: &'static str,
    least: u64,
    most: u64,
    /// The range, spelled in units.
    range: &'static str,
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// Bytes. Units are binary: nobody gives a machine 512 000 000 bytes.
pub(crate) const SIZE: Scale = Scale {
    noun: "size",
    units: &[
        ("K", KIB),
        ("KB", KIB),
        ("KiB", KIB),
        ("M", MIB),
        ("MB", MIB),
        ("MiB", MIB),
        ("G", GIB),
        ("GB", GIB),
        ("GiB", GIB),
        ("T", TIB),
        ("TB", TIB),
        ("TiB", TIB),
    ],
    usual: "M",
    rule: "the units are `K`, `M`, `G` and `T`",
    least: 16 * MIB,
    most: TIB,
    range: "`16M` to `1T`",
};

/// Milliseconds.
pub(crate) const DURATION: Scale = Scale {
    noun: "duration",
    units: &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)],
    usual: "s",
    rule: "the units are `ms`, `s`, `m` and `h`",
    least: 1,
    most: 24 * 3_600_000,
    range: "`1ms` to `24h`",
};

impl Scale {
    /// Reads `text` into the scale's base unit.
    pub(crate) fn read(&self, text: &str) -> Result<u64, Refusal> {
        let (number, unit) = split(text);
        let shown = text.escape_debug();
        let cause = if number.is_empty() {
            format!("`{shown}` does not start with a whole number")
        } else if unit.is_empty() {
            format!("`{shown}` has no unit")
        } else if unit.starts_with('.') {
            format!("`{shown}` is not a whole number")
        } else if self.factor(unit).is_none() {
            format!("`{}` is not a unit", unit.escape_debug())
        } else {
            return self.value(number, unit).ok_or_else(|| {
                let hint = format!("write a {} from {}", self.noun, self.range);
                Refusal::new(format!("`{shown}` is out of range"), hint)
            });
        };
        let hint = match self.correct(text) {
            Some(correct) => format!("write `\"{correct}\"`"),
            None => format!("write a whole number and a unit; {}", self.rule),
        };
        Err(Refusal::new(cause, hint))
    }

    /// The accepted spelling nearest to `text`: with the usual unit, or with the unit's right case.
    pub(crate) fn correct(&self, text: &str) -> Option<String> {
        let (number, unit) = split(text);
        let mut spellings = self.units.iter().map(|(known, _)| *known);
        let unit = match unit.trim() {
            "" => self.usual,
            unit => spellings.find(|known| known.eq_ignore_ascii_case(unit))?,
        };
        self.value(number, unit).map(|_| format!("{number}{unit}"))
    }

    /// The value in the base unit, if it is in range. A number that overflows is out of every range.
    fn value(&self, number: &str, unit: &str) -> Option<u64> {
        let value = number
            .parse::<u64>()
            .ok()?
            .checked_mul(self.factor(unit)?)?;
        (self.least..=self.most).contains(&value).then_some(value)
    }

    fn factor(&self, unit: &str) -> Option<u64> {
        self.units
            .iter()
            .find(|(known, _)| *known == unit)
            .map(|(_, factor)| *factor)
    }
}

/// The digits at the start, and the rest.
fn split(text: &str) -> (&str, &str) {
    text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_binary_and_ranged() {
        for (text, bytes) in [
            ("16M", 16 << 20),
            ("16384K", 16 << 20),
            ("512M", 512 << 20),
            ("512MB", 512 << 20),
            ("512MiB", 512 << 20),
            ("1G", 1 << 30),
            ("1GiB", 1 << 30),
            ("1T", 1 << 40),
            ("1048576M", 1 << 40),
        ] {
            assert_eq!(SIZE.read(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn durations_are_in_milliseconds_and_ranged() {
        for (text, milliseconds) in [
            ("1ms", 1),
            ("1500ms", 1500),
            ("60s", 60_000),
            ("5m", 300_000),
            ("24h", 86_400_000),
        ] {
            assert_eq!(DURATION.read(text), Ok(milliseconds), "{text}");
        }
    }

    #[test]
    fn every_wrong_quantity_names_its_cause_and_its_cure() {
        let size_rule = "write a whole number and a unit; the units are `K`, `M`, `G` and `T`";
        let time_rule = "write a whole number and a unit; the units are `ms`, `s`, `m` and `h`";
        let size_range = "write a size from `16M` to `1T`";
        let time_range = "write a duration from `1ms` to `24h`";
        for (scale, text, cause, hint) in [
            (&SIZE, "512", "`512` has no unit", "write `\"512M\"`"),
            (&SIZE, "5", "`5` has no unit", size_rule),
            (&SIZE, "512m", "`m` is not a unit", "write `\"512M\"`"),
            (&SIZE, "512 M", "` M` is not a unit", "write `\"512M\"`"),
            (&SIZE, "512X", "`X` is not a unit", size_rule),
            (&SIZE, "1.5G", "`1.5G` is not a whole number", size_rule),
            (&SIZE, "512B", "`B` is not a unit", size_rule),
            (
                &SIZE,
                "M",
                "`M` does not start with a whole number",
                size_rule,
            ),
            (
                &SIZE,
                "",
                "`` does not start with a whole number",
                size_rule,
            ),
            (
                &SIZE,
                "-1G",
                "`-1G` does not start with a whole number",
                size_rule,
            ),
            (&SIZE, "15M", "`15M` is out of range", size_range),
            (&SIZE, "0M", "`0M` is out of range", size_range),
            (&SIZE, "1025G", "`1025G` is out of range", size_range),
            (
                &SIZE,
                "18446744073709551615T",
                "`18446744073709551615T` is out of range",
                size_range,
            ),
            (
                &SIZE,
                "99999999999999999999M",
                "`99999999999999999999M` is out of range",
                size_range,
            ),
            (&DURATION, "60", "`60` has no unit", "write `\"60s\"`"),
            (&DURATION, "60S", "`S` is not a unit", "write `\"60s\"`"),
            (&DURATION, "1min", "`min` is not a unit", time_rule),
            (&DURATION, "1m30s", "`m30s` is not a unit", time_rule),
            (&DURATION, "0s", "`0s` is out of range", time_range),
            (&DURATION, "25h", "`25h` is out of range", time_range),
        ] {
            assert_eq!(scale.read(text), Err(Refusal::new(cause, hint)), "{text}");
        }
    }

    #[test]
    fn a_correction_is_itself_accepted() {
        for scale in [&SIZE, &DURATION] {
            for text in ["1", "16", "512", "512m", "60S", "3H", "1 g", "90000", "0"] {
                if let Some(correct) = scale.correct(text) {
                    assert!(scale.read(&correct).is_ok(), "{text} became {correct}");
                }
            }
        }
    }
}
