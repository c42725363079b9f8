//! The quantities that a daemon reads from its environment.

use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::variables::{self, CPU_BUDGET, IDLE_SECONDS, MEMORY_BUDGET, SPARE_SECONDS};
use vm_test_settings::quantity::{DURATION, SIZE};

/// The variables that the daemon reads, and their units.
const ALL: [(&str, Kind); 4] = [
    (IDLE_SECONDS, Kind::Seconds),
    (SPARE_SECONDS, Kind::Seconds),
    (MEMORY_BUDGET, Kind::Mebibytes),
    (CPU_BUDGET, Kind::Shares),
];

/// The unit of a variable's value if the value has none.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Seconds,
    Mebibytes,
    Shares,
}

impl Kind {
    /// Returns milliseconds, bytes or shares.
    fn read(self, text: &str) -> Option<u64> {
        let is_bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let with = |unit: &str| format!("{text}{}", if is_bare { unit } else { "" });
        let (value, unit, least) = match self {
            Self::Seconds => (DURATION.read(&with("s")).ok()?, 1_000, 0),
            Self::Mebibytes => (SIZE.read(&with("M")).ok()?, 1 << 20, 1 << 20),
            Self::Shares => (text.parse().ok()?, 1, 1),
        };
        (least..=unit * u64::from(u32::MAX))
            .contains(&value)
            .then_some(value)
    }

    fn refusal(self, name: &str, value: &std::ffi::OsStr) -> Failure {
        let most = u32::MAX;
        let (range, form) = match self {
            Self::Seconds => (
                format!("duration from 0s to {most}s"),
                format!("seconds, or with a unit, as in {name}=5m"),
            ),
            Self::Mebibytes => (
                format!("size from 1M to {most}M"),
                format!("MiB, or with a unit, as in {name}=4G"),
            ),
            Self::Shares => (
                format!("whole number from 1 to {most}"),
                "shares, without the unit".to_owned(),
            ),
        };
        Failure::new(format!("cannot use {name}: {value:?} is not a {range}"))
            .hint(format!("give it as a number of {form}, or unset it"))
    }
}

/// Checks that every variable that is set can be used.
///
/// With an unusable one, the daemon would not do what its user has decided.
pub(super) fn check() -> Result<(), Failure> {
    ALL.iter().try_for_each(|(name, kind)| {
        let Some(value) = variables::get(name) else {
            return Ok(());
        };
        let number = value.to_str().and_then(|text| kind.read(text));
        number.map(drop).ok_or_else(|| kind.refusal(name, &value))
    })
}

/// Returns a time, if the variable is set.
pub(super) fn time(name: &str) -> Option<Duration> {
    value(name, Kind::Seconds).map(Duration::from_millis)
}

/// Returns a number of bytes, if the variable is set.
pub(super) fn bytes(name: &str) -> Option<u64> {
    value(name, Kind::Mebibytes)
}

/// Returns a number of shares, if the variable is set.
pub(super) fn shares(name: &str) -> Option<u32> {
    u32::try_from(value(name, Kind::Shares)?).ok()
}

fn value(name: &str, kind: Kind) -> Option<u64> {
    kind.read(variables::get(name)?.to_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_a_unit_or_the_one_of_their_variable() {
        for (kind, text, value) in [
            (Kind::Seconds, "0", Some(0)),
            (Kind::Seconds, "15", Some(15_000)),
            (Kind::Seconds, "15s", Some(15_000)),
            (Kind::Seconds, "500ms", Some(500)),
            (Kind::Seconds, "1h 30m", Some(5_400_000)),
            (Kind::Seconds, "4294967295", Some(4_294_967_295_000)),
            (Kind::Seconds, "4294967296", None),
            (Kind::Seconds, "18446744073709551616", None),
            (Kind::Seconds, "4G", None),
            (Kind::Mebibytes, "600", Some(600 << 20)),
            (Kind::Mebibytes, "4G", Some(4 << 30)),
            (Kind::Mebibytes, "4 gib", Some(4 << 30)),
            (Kind::Mebibytes, "1024K", Some(1 << 20)),
            (Kind::Mebibytes, "1023K", None),
            (Kind::Mebibytes, "0", None),
            (Kind::Mebibytes, "5m", Some(5 << 20)),
            (Kind::Shares, "1", Some(1)),
            (Kind::Shares, "0", None),
            (Kind::Shares, "4G", None),
            (Kind::Shares, "4294967296", None),
        ] {
            assert_eq!(kind.read(text), value, "{text}");
        }
        for kind in [Kind::Seconds, Kind::Mebibytes, Kind::Shares] {
            for text in ["", "-1", "1.5", "x"] {
                assert_eq!(kind.read(text), None, "{text}");
            }
        }
    }

    #[test]
    fn a_quantity_that_cannot_be_used_is_named_with_its_range_and_an_example() {
        for (kind, name, value, cause, hint) in [
            (
                Kind::Seconds,
                IDLE_SECONDS,
                "soon",
                "\"soon\" is not a duration from 0s to 4294967295s",
                "seconds, or with a unit, as in VM_TEST_IDLE_SECONDS=5m",
            ),
            (
                Kind::Mebibytes,
                MEMORY_BUDGET,
                "0",
                "\"0\" is not a size from 1M to 4294967295M",
                "MiB, or with a unit, as in VM_TEST_MEMORY_BUDGET=4G",
            ),
            (
                Kind::Shares,
                CPU_BUDGET,
                "4G",
                "\"4G\" is not a whole number from 1 to 4294967295",
                "shares, without the unit",
            ),
        ] {
            let failure = Failure::new(format!("cannot use {name}: {cause}"))
                .hint(format!("give it as a number of {hint}, or unset it"));
            assert_eq!(kind.refusal(name, value.as_ref()), failure);
        }
    }
}
