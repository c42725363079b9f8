//! The limits of sizes and durations.
//!
//! Knows no settings.

use crate::quantity::{DURATION, SIZE, Scale};

/// The range of a quantity.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The scale that it is written in.
    pub scale: &'static Scale,
    least: u64,
    most: u64,
}

/// The limits of a guest's memory.
pub const MEMORY: Limits = Limits {
    scale: &SIZE,
    least: 16 << 20,
    most: 1 << 40,
};

/// The limits of a blank disk.
pub const DISK: Limits = Limits {
    scale: &SIZE,
    least: 1 << 20,
    most: 1 << 40,
};

/// The limits of every time, in milliseconds.
pub const TIME: Limits = Limits {
    scale: &DURATION,
    least: 1,
    most: 24 * 3_600_000,
};

impl Limits {
    /// Returns whether a value is within the limits.
    #[must_use]
    pub fn has(&self, value: u64) -> bool {
        (self.least..=self.most).contains(&value)
    }

    /// Returns whether a text is a value within the limits.
    #[must_use]
    pub fn accept(&self, text: &str) -> bool {
        self.scale.read(text).is_ok_and(|value| self.has(value))
    }

    /// Returns the minimum and the maximum, formatted.
    #[must_use]
    pub fn ends(&self) -> [String; 2] {
        [self.least, self.most].map(|value| self.scale.show(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_within_and_are_shown_in_one_unit() {
        for (limits, ends) in [
            (MEMORY, ["16M", "1T"]),
            (DISK, ["1M", "1T"]),
            (TIME, ["1ms", "24h"]),
        ] {
            assert_eq!(limits.ends(), ends);
            for (value, is_within) in [
                (limits.least - 1, false),
                (limits.least, true),
                (limits.most, true),
                (limits.most + 1, false),
            ] {
                assert_eq!(limits.has(value), is_within, "{value}");
            }
        }
    }
}
