//! How long the suites' campaigns are: in full, or in the short form that CI runs. Runs nothing.

/// The variable that asks for the short form; `cargo xtask test --short` sets it.
const ENV_SHORT: &str = "VM_TEST_SHORT";

/// The one of two numbers, of rounds or of tests, that counts in this run.
#[must_use]
pub fn length(full: u32, short: u32) -> u32 {
    let is_short = std::env::var_os(ENV_SHORT).is_some_and(|value| !value.is_empty());
    if is_short { short } else { full }
}
