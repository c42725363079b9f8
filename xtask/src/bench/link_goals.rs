//! What the relay may cost a link compared with the kernel's bridge, and whether it does. Measures
//! nothing.

use super::goal::{Goal, Limit};

/// The kinds of link, by the names that the fixture gives them.
pub(super) const KINDS: [(&str, &str); 6] = [
    (BRIDGE_LONG, "bridge, long frames"),
    (OTHERS_LONG, "delay of a UDP port, long frames"),
    (NOBODYS_LONG, "delay of an address, long frames"),
    (RELAY_LONG, "delay that meets none, long frames"),
    (BRIDGE_SINGLE, "bridge, single packets"),
    (RELAY_SINGLE, "loss of 0 %, single packets"),
];

const BRIDGE_LONG: &str = "bridge-long";
const OTHERS_LONG: &str = "others-long";
const NOBODYS_LONG: &str = "nobodys-long";
const RELAY_LONG: &str = "relay-long";
const BRIDGE_SINGLE: &str = "bridge-single";
const RELAY_SINGLE: &str = "relay-single";

/// What is measured of each, and in which unit.
pub(super) const MEASURES: [(&str, &str); 3] = [
    ("rate of one TCP connection", "Mbit/s"),
    ("median of an echo of 64 bytes", "us"),
    ("datagrams of 64 bytes per second", "1/s"),
];

/// How many times the rate of the bridge the relay carries at least.
const GOAL: f64 = 0.7;

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) kind: &'static str,
    /// In the order of [`MEASURES`].
    pub(super) values: [f64; 3],
}

impl Sample {
    /// Reads a line of the fixture, if it is one about a sample.
    pub(super) fn of(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("sample ")?.split(' ');
        let name = words.next()?;
        let (kind, _) = KINDS.iter().find(|(kind, _)| *kind == name)?;
        let mut value = || words.next()?.parse().ok();
        let values = [value()?, value()?, value()?];
        Some(Self { kind, values })
    }
}

/// Judges how links with a fault compare with the bridge, by medians, for which it asks by the kind
/// of link and the place of the measure.
///
/// The goal is about the rate of a connection, on the same link with the same offloads: a fault
/// that needs single packets slows a link down on any switch, and that is no cost of this one. All
/// have to meet it: frames that the fault cannot be about, which the kernel hands on by itself, and
/// those that the relay looks at one by one.
pub(super) fn judge(median: impl Fn(&str, usize) -> Option<f64>) -> Vec<Goal> {
    let ratio = |bridge, other, measure| {
        let medians = median(other, measure).zip(median(bridge, measure));
        medians.map(|(other, bridge)| other / bridge)
    };
    let mut goals = Vec::new();
    for (what, bridge, other) in [
        (
            "long frames, fault of another protocol",
            BRIDGE_LONG,
            OTHERS_LONG,
        ),
        (
            "long frames, fault of another address",
            BRIDGE_LONG,
            NOBODYS_LONG,
        ),
        ("long frames, each looked at", BRIDGE_LONG, RELAY_LONG),
        (
            "single packets, each looked at",
            BRIDGE_SINGLE,
            RELAY_SINGLE,
        ),
    ] {
        let limits = [Some(Limit::AtLeast(GOAL)), None, None];
        for (at, limit) in limits.into_iter().enumerate() {
            let (measure, _) = MEASURES[at];
            let value = ratio(bridge, other, at);
            let what = format!("{what}: {measure}");
            goals.push(Goal::of(&what, value, "x the bridge's", limit));
        }
    }
    goals.push(Goal::of(
        "a link that may lose packets, with other offloads: rate",
        ratio(BRIDGE_LONG, RELAY_SINGLE, 0),
        "x that of one without a fault",
        None,
    ));
    goals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges a run with these rates, of which a kind without a rate was not measured.
    fn met(rates: &[f64]) -> bool {
        let goals = judge(|kind, measure| {
            let at = KINDS.iter().position(|(name, _)| *name == kind).unwrap();
            let rate = *rates.get(at)?;
            Some([rate, 100.0, 1000.0][measure])
        });
        goals.iter().all(Goal::is_met)
    }

    #[test]
    fn every_kind_has_to_meet_the_goal_and_to_be_measured() {
        assert!(met(&[100.0, 70.0, 70.0, 70.0, 10.0, 7.0]));
        for missed in [
            [100.0, 69.0, 99.0, 99.0, 10.0, 9.0],
            [100.0, 99.0, 69.0, 99.0, 10.0, 9.0],
            [100.0, 99.0, 99.0, 69.0, 10.0, 9.0],
            [100.0, 99.0, 99.0, 99.0, 10.0, 6.9],
        ] {
            assert!(!met(&missed), "{missed:?}");
        }
        assert!(!met(&[100.0, 99.0, 99.0, 99.0, 10.0]));
        assert!(!met(&[]));
    }

    #[test]
    fn samples_are_read_from_lines_about_them_and_no_others() {
        let sample = Sample::of("sample relay-long 1234 56.7 89000").unwrap();
        assert_eq!(
            (sample.kind, sample.values),
            (RELAY_LONG, [1234.0, 56.7, 89000.0])
        );
        for line in [
            "round 1 of 2",
            "sample other 1 2 3",
            "sample relay-long 1 2",
            "",
        ] {
            assert_eq!(Sample::of(line), None, "{line}");
        }
    }
}
