//! What the relay may cost a link compared with the kernel's bridge, and whether it does. Measures
//! nothing.

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

/// What is measured of each.
pub(super) const MEASURES: [&str; 3] = [
    "Mbit/s of one TCP connection",
    "median microseconds of an echo of 64 bytes",
    "datagrams of 64 bytes per second",
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

/// Returns the median of one measure of one kind of link.
pub(super) fn median(samples: &[Sample], kind: &str, measure: usize) -> Option<f64> {
    let of_kind = samples.iter().filter(|sample| sample.kind == kind);
    let mut values: Vec<f64> = of_kind.map(|sample| sample.values[measure]).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// Prints how links with a fault compare with the bridge; returns whether they carry as much as they
/// ought to.
///
/// The goal is about the rate of a connection, on the same link with the same offloads: a fault that
/// needs single packets slows a link down on any switch, and that is no cost of this one. All have to
/// meet it: frames that the fault cannot be about, which the kernel hands on by itself, and those that
/// the relay looks at one by one.
pub(super) fn judge(samples: &[Sample]) -> bool {
    println!("\na link with a fault beside the bridge, same link and same offloads:");
    let pairs = [
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
    ];
    let judged = pairs.map(|(what, bridge, other)| {
        let ratio = |measure| {
            let (bridge, other) = (
                median(samples, bridge, measure),
                median(samples, other, measure),
            );
            bridge.zip(other).map(|(bridge, other)| other / bridge)
        };
        let (Some(rate), Some(echo), Some(datagrams)) = (ratio(0), ratio(1), ratio(2)) else {
            println!("{what}: not measured");
            return false;
        };
        let is_met = rate >= GOAL;
        let goal = if is_met { "met" } else { "missed" };
        println!(
            "{what}: {rate:.2} x its rate (goal at least {GOAL} x: {goal}); no goal: {echo:.2} x the time of an echo, {datagrams:.2} x the datagrams"
        );
        is_met
    });
    if let (Some(all), Some(relay)) = (
        median(samples, BRIDGE_LONG, 0),
        median(samples, RELAY_SINGLE, 0),
    ) {
        println!(
            "no goal, since the offloads differ: a link that may lose packets has {:.2} x the rate of one without a fault",
            relay / all
        );
    }
    judged == [true; 4]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(rates: [f64; 6]) -> Vec<Sample> {
        let of = |((kind, _), rate): ((&'static str, &str), f64)| Sample {
            kind,
            values: [rate, 100.0, 1000.0],
        };
        KINDS.into_iter().zip(rates).map(of).collect()
    }

    #[test]
    fn every_kind_has_to_meet_the_goal_and_to_be_measured() {
        assert!(judge(&samples([100.0, 70.0, 70.0, 70.0, 10.0, 7.0])));
        for missed in [
            [100.0, 69.0, 99.0, 99.0, 10.0, 9.0],
            [100.0, 99.0, 69.0, 99.0, 10.0, 9.0],
            [100.0, 99.0, 99.0, 69.0, 10.0, 9.0],
            [100.0, 99.0, 99.0, 99.0, 10.0, 6.9],
        ] {
            assert!(!judge(&samples(missed)), "{missed:?}");
        }
        assert!(!judge(&samples([100.0, 99.0, 99.0, 99.0, 10.0, 9.0])[..5]));
        assert!(!judge(&[]));
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

    #[test]
    fn a_median_of_an_even_number_of_samples_is_the_lower_of_the_middle() {
        let all: Vec<Sample> = [4.0, 1.0, 3.0, 2.0]
            .iter()
            .flat_map(|rate| samples([*rate; 6]))
            .collect();
        assert_eq!(median(&all, BRIDGE_LONG, 0), Some(2.0));
        assert_eq!(median(&all, "other", 0), None);
    }
}
