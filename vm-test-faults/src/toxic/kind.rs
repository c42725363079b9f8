//! The kinds of toxics and their attributes, with the names and units of Toxiproxy. What they do to
//! bytes is in the files beside this one.

use std::time::Duration;

/// Longer waits than this are as good as for ever, and no clock overflows.
const LONGEST: u64 = 10 * 365 * 24 * 60 * 60 * 1000;

/// What a toxic does. Its attributes are Toxiproxy's, and so are their units.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Nothing.
    Noop,
    /// Delays bytes by `latency` ± `jitter` milliseconds, counted from their arrival.
    Latency {
        /// Milliseconds.
        latency: i64,
        /// Milliseconds; each chunk's is drawn uniformly.
        jitter: i64,
    },
    /// Passes on `rate` kilobytes (of 1,000 bytes) a second; as fast as it can if it is 0 or less.
    Bandwidth {
        /// Kilobytes a second.
        rate: i64,
    },
    /// Delays the end of the stream.
    SlowClose {
        /// Milliseconds.
        delay: i64,
    },
    /// Drops all bytes, and closes the connection when none came for `timeout` milliseconds; never
    /// if it is 0.
    ///
    /// Removing it closes the connections whose bytes it drops.
    Timeout {
        /// Milliseconds.
        timeout: i64,
    },
    /// Resets the connection `timeout` milliseconds after the first bytes.
    ResetPeer {
        /// Milliseconds.
        timeout: i64,
    },
    /// Cuts what was read together into slices that are written one by one.
    Slicer {
        /// Bytes.
        average_size: i64,
        /// Bytes by which a slice may be larger or smaller.
        size_variation: i64,
        /// Microseconds between slices.
        delay: i64,
    },
    /// Closes the connection behind this many bytes.
    LimitData {
        /// Bytes.
        bytes: i64,
    },
}

impl Kind {
    /// Returns the kind of this name, with all attributes 0.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "noop" => Self::Noop,
            "latency" => Self::Latency {
                latency: 0,
                jitter: 0,
            },
            "bandwidth" => Self::Bandwidth { rate: 0 },
            "slow_close" => Self::SlowClose { delay: 0 },
            "timeout" => Self::Timeout { timeout: 0 },
            "reset_peer" => Self::ResetPeer { timeout: 0 },
            "slicer" => Self::Slicer {
                average_size: 0,
                size_variation: 0,
                delay: 0,
            },
            "limit_data" => Self::LimitData { bytes: 0 },
            _ => return None,
        })
    }

    /// Returns its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Latency { .. } => "latency",
            Self::Bandwidth { .. } => "bandwidth",
            Self::SlowClose { .. } => "slow_close",
            Self::Timeout { .. } => "timeout",
            Self::ResetPeer { .. } => "reset_peer",
            Self::Slicer { .. } => "slicer",
            Self::LimitData { .. } => "limit_data",
        }
    }

    /// Returns its attributes by their names, to change them.
    pub fn attributes_mut(&mut self) -> Vec<(&'static str, &mut i64)> {
        match self {
            Self::Noop => vec![],
            Self::Latency { latency, jitter } => vec![("latency", latency), ("jitter", jitter)],
            Self::Bandwidth { rate } => vec![("rate", rate)],
            Self::SlowClose { delay } => vec![("delay", delay)],
            Self::Timeout { timeout } | Self::ResetPeer { timeout } => vec![("timeout", timeout)],
            Self::Slicer {
                average_size,
                size_variation,
                delay,
            } => vec![
                ("average_size", average_size),
                ("size_variation", size_variation),
                ("delay", delay),
            ],
            Self::LimitData { bytes } => vec![("bytes", bytes)],
        }
    }

    /// Returns its attributes by their names.
    pub fn attributes(&self) -> Vec<(&'static str, i64)> {
        let mut copy = self.clone();
        let attributes = copy.attributes_mut().into_iter();
        attributes.map(|(name, value)| (name, *value)).collect()
    }
}

/// Returns a wait of this many milliseconds; none if it is negative.
pub(super) fn milliseconds(number: i64) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0).min(LONGEST))
}

/// Returns a wait of this many microseconds; none if it is negative.
pub(super) fn microseconds(number: i64) -> Duration {
    Duration::from_micros(u64::try_from(number).unwrap_or(0).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for name in [
            "noop",
            "latency",
            "bandwidth",
            "slow_close",
            "timeout",
            "reset_peer",
            "slicer",
            "limit_data",
        ] {
            assert_eq!(Kind::named(name).unwrap().name(), name);
        }
        assert_eq!(Kind::named("down"), None);
    }

    #[test]
    fn absurd_waits_are_bounded() {
        assert_eq!(milliseconds(-1), Duration::ZERO);
        assert_eq!(milliseconds(i64::MAX), Duration::from_millis(LONGEST));
    }
}
