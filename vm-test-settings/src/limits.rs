//! The limits of the sizes and durations that can be set. Knows no setting.

use crate::quantity::{DURATION, SIZE, Scale};

/// Quantities that a setting can take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How they are written.
    pub scale: &'static Scale,
    least: u64,
    most: u64,
}

/// Of a guest's memory.
pub const MEMORY: Limits = Limits {
    scale: &SIZE,
    least: 16 << 20,
    most: 1 << 40,
};

/// Of a blank disk.
pub const DISK: Limits = Limits {
    scale: &SIZE,
    least: 1 << 20,
    most: 1 << 40,
};

/// Of every time, in milliseconds.
pub const TIME: Limits = Limits {
    scale: &DURATION,
    least: 1,
    most: 24 * 3_600_000,
};

impl Limits {
    /// Whether a value is within them.
    #[must_use]
    pub fn has(&self, value: u64) -> bool {
        (self.least..=self.most).contains(&value)
    }

    /// Whether a text is a value within them.
    #[must_use]
    pub fn accept(&self, text: &str) -> bool {
        self.scale.read(text).is_ok_and(|value| self.has(value))
    }

    /// The least and the most, as people write them.
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
