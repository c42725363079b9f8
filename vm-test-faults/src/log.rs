//! Log lines on stderr, with the levels that Toxiproxy's `LOG_LEVEL` names. It knows how a line
//! looks, but not what is worth one.

use std::fmt;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Each API request.
    Debug,
    /// Each connection.
    Info,
    /// What went wrong and is dealt with.
    Warn,
    /// What somebody asked for and cannot be had.
    Error,
    /// Never the level of a line: nothing is logged.
    Off,
}

impl Level {
    /// Returns the level of this name, as in Toxiproxy's `LOG_LEVEL`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "trace" | "debug" => Self::Debug,
            "info" | "" => Self::Info,
            "warn" => Self::Warn,
            "error" | "fatal" | "panic" => Self::Error,
            "disabled" => Self::Off,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Off => "off",
        }
    }
}

/// Where events are logged: on stderr from a level on, or nowhere.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    from: Level,
}

impl Log {
    /// Returns a log that writes lines of this level and above to stderr.
    pub fn from(level: Level) -> Self {
        Self { from: level }
    }

    /// Returns a log that writes nothing.
    pub fn silent() -> Self {
        Self::from(Level::Off)
    }

    /// Writes a line.
    pub fn line(&self, level: Level, message: fmt::Arguments<'_>) {
        if level < self.from {
            return;
        }
        let time = Timestamp(SystemTime::now());
        let line = format!("{time} {:5} {message}\n", level.name());
        // A log that nobody reads any more is no reason to stop.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}

/// A time as RFC 3339 writes it, in UTC, with milliseconds.
struct Timestamp(SystemTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
        let (year, month, day) = date(days);
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
            second / 3600,
            second / 60 % 60,
            second % 60,
            since.subsec_millis()
        )
    }
}

/// Returns the date that is this many days after 1 January 1970, in the Gregorian calendar.
fn date(days: u64) -> (u64, u64, u64) {
    let divides = |number: u64, year: u64| year.is_multiple_of(number);
    let is_leap = |year| divides(4, year) && (!divides(100, year) || divides(400, year));
    let (mut year, mut left) = (1970, days);
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if left < length {
            break;
        }
        left -= length;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_written_as_dates() {
        let at = |seconds| Timestamp(UNIX_EPOCH + Duration::from_millis(seconds)).to_string();
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400_123), "2000-02-29T00:00:00.123Z");
        assert_eq!(at(1_798_761_599_000), "2026-12-31T23:59:59.000Z");
    }

    #[test]
    fn levels_are_found_by_toxiproxys_names() {
        assert_eq!(Level::named("WARN"), Some(Level::Warn));
        assert_eq!(Level::named("loud"), None);
        assert!(Level::Debug < Level::Off);
    }
}
