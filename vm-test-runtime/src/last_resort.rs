//! Makes a test without a verdict fail where neither a panic nor a return would. Knows no guest.

use crate::site::Site;
use std::io::Write;

/// Returns whether the site is on the test function itself, given the test's full name.
///
/// A helper that a test calls does not see whether that test should panic.
pub(crate) fn is_on_the_test(site: &Site, test: &str) -> bool {
    // The harness names tests without their crate.
    let rest = match site.module.split_once("::") {
        Some((_, module)) => test
            .strip_prefix(module)
            .and_then(|rest| rest.strip_prefix("::")),
        None => Some(test),
    };
    // Generated cases of a function are in a module with its name.
    rest.and_then(|rest| rest.strip_prefix(site.function))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Ends the whole test process, with a message past libtest, which would lose what it has captured.
pub(crate) fn end_process(site: &Site, message: &str) -> ! {
    let _ = writeln!(
        std::io::stderr(),
        "vm-test: `{}` at {}:{} ends this test process, because its caller may treat a panic as a pass: {message}",
        site.function,
        site.file,
        site.line
    );
    std::process::exit(101)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Panics;

    fn site(module: &'static str, function: &'static str) -> Site {
        Site {
            guest: "host",
            lab: None,
            settings: &[],
            set_up: None,
            panics: Panics::Fail,
            expected: None,
            file: "",
            line: 1,
            manifest_dir: "",
            workspace: None,
            package: "",
            module,
            function,
            wrapped: false,
        }
    }

    #[test]
    fn a_site_is_on_a_test_of_its_own_path_and_on_the_cases_below_it() {
        for (module, function, test, is_on) in [
            ("routes", "forward", "forward", true),
            ("routes::v4", "forward", "v4::forward", true),
            ("routes::v4", "r#match", "v4::r#match", true),
            ("routes::v4", "forward", "v4::forward::case_1", true),
            ("routes", "forward", "forward::first::second", true),
            // Helpers.
            ("routes", "forward", "v4::forward", false),
            ("routes::v4", "forward", "forward", false),
            ("routes::v4", "forward", "v6::forward", false),
            ("routes::v4", "forward", "v4::forwards", false),
            ("routes", "v4", "forward::v4", false),
            ("routes", "case_1", "forward::case_1", false),
            ("routes::v4", "forward", "v4", false),
            ("routes::v4", "forward", "v4forward", false),
            ("routes", "forward", "", false),
        ] {
            let found = is_on_the_test(&site(module, function), test);
            assert_eq!(found, is_on, "{module}::{function} of {test}");
        }
    }
}
