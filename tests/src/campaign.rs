//! How long the suites' campaigns are: in full, or in the short form, which is the default and what
//! CI runs. Runs nothing.

/// The variable that asks for the full form; `cargo xtask test --full` sets it.
const ENV_FULL: &str = "VM_TEST_FULL";

/// Returns one of two numbers of rounds or tests, depending on the form of this run.
#[must_use]
pub fn length(full: u32, short: u32) -> u32 {
    let is_full = std::env::var_os(ENV_FULL).is_some_and(|value| !value.is_empty());
    if is_full { full } else { short }
}
