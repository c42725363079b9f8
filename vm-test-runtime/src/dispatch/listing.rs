//! While nextest lists the tests of a binary, nothing is started: a harness that runs its tests
//! even then gets an error.

use crate::site::Site;
use vm_test_protocol::failure::Failure;

/// nextest's variable with what it is doing.
const PHASE: &str = "NEXTEST_TEST_PHASE";

/// # Errors
/// If nextest only wants to know which tests there are.
pub(super) fn refuse(site: &Site) -> Result<(), Failure> {
    check(std::env::var(PHASE).ok().as_deref(), site.function)
}

fn check(phase: Option<&str>, function: &str) -> Result<(), Failure> {
    if phase != Some("list") {
        return Ok(());
    }
    Err(Failure::new(format!(
        "cannot run `{function}` in a guest: nextest is only listing tests ({PHASE} is `list`)"
    ))
    .hint("the test harness must not run tests when it is given `--list`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listing_is_refused() {
        for (phase, refused) in [
            (None, false),
            (Some(""), false),
            (Some("run"), false),
            (Some("list"), true),
        ] {
            assert_eq!(check(phase, "f").is_err(), refused, "{phase:?}");
        }
    }
}
