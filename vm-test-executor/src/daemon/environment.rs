//! The numbers that a daemon reads from its environment.

use vm_test::protocol::failure::Failure;
use vm_test::variables::{self, CPU_BUDGET, IDLE_SECONDS, MEMORY_BUDGET, SPARE_SECONDS};

/// All of them, the least that each can be, and what it counts.
const ALL: [(&str, u32, &str); 4] = [
    (IDLE_SECONDS, 0, "seconds"),
    (SPARE_SECONDS, 0, "seconds"),
    (MEMORY_BUDGET, 1, "MiB"),
    (CPU_BUDGET, 1, "shares"),
];

/// Whether each that is set is a number. A daemon with another one would not do what its user has decided.
pub(super) fn check() -> Result<(), Failure> {
    ALL.iter().try_for_each(|(name, least, unit)| {
        let Some(value) = variables::get(name) else {
            return Ok(());
        };
        match parse(value.to_str()) {
            Some(number) if number >= *least => Ok(()),
            _ => Err(refusal(name, *least, unit, &value)),
        }
    })
}

/// One of them, if it is set.
pub(super) fn number(name: &str) -> Option<u32> {
    parse(variables::get(name)?.to_str())
}

fn parse(text: Option<&str>) -> Option<u32> {
    text?.parse().ok()
}

fn refusal(name: &str, least: u32, unit: &str, value: &std::ffi::OsStr) -> Failure {
    Failure::new(format!(
        "cannot use {name}: {value:?} is not a whole number from {least} to {}",
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
