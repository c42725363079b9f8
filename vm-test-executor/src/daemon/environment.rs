//! The numbers that a daemon takes from its environment. Decides nothing by them.

use vm_test::protocol::failure::Failure;

/// How long the daemon stays without a lease, in seconds.
pub(super) const IDLE_SECONDS: &str = "VM_TEST_IDLE_SECONDS";

/// How long a machine waits that was prepared for the next test, in seconds; 0 for none.
pub(super) const SPARE_SECONDS: &str = "VM_TEST_SPARE_SECONDS";

/// The memory of all instances together, in MiB.
pub(super) const MEMORY_BUDGET: &str = "VM_TEST_MEMORY_BUDGET";

/// The shares of the processors of all instances together.
pub(super) const CPU_BUDGET: &str = "VM_TEST_CPU_BUDGET";

/// All of them, and what each counts.
const ALL: [(&str, &str); 4] = [
    (IDLE_SECONDS, "seconds"),
    (SPARE_SECONDS, "seconds"),
    (MEMORY_BUDGET, "MiB"),
    (CPU_BUDGET, "shares"),
];

/// Whether each that is set to something is a number. A daemon with another one would not do what its user has decided.
pub(super) fn check() -> Result<(), Failure> {
    ALL.iter()
        .try_for_each(|(name, unit)| match std::env::var_os(name) {
            Some(value) if !value.is_empty() && parse(value.to_str()).is_none() => {
                Err(refusal(name, unit, &value))
            }
            _ => Ok(()),
        })
}

/// One of them, if it is set.
pub(super) fn number(name: &str) -> Option<u32> {
    parse(std::env::var(name).ok().as_deref())
}

fn parse(text: Option<&str>) -> Option<u32> {
    text?.parse().ok()
}

fn refusal(name: &str, unit: &str, value: &std::ffi::OsStr) -> Failure {
    Failure::new(format!(
        "cannot use {name}: {value:?} is no whole number up to {}",
        u32::MAX
    ))
    .hint(format!(
        "give it as a number of {unit}, without the unit, or unset it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole_and_without_a_unit() {
        for (text, number) in [
            (Some("0"), Some(0)),
            (Some("15"), Some(15)),
            (Some("4G"), None),
            (Some("-1"), None),
            (Some("1.5"), None),
            (Some(""), None),
            (None, None),
        ] {
            assert_eq!(parse(text), number, "{text:?}");
        }
    }
}
