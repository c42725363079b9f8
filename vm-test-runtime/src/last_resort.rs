//! How a test without a verdict is made to fail where neither a panic nor a return would do it. Knows no guest.

use crate::site::Site;
use std::io::Write;

/// Whether the site is on the test function itself, by the test's full name. A helper that a test calls does not see
/// whether that test should panic.
pub(crate) fn is_on_the_test(site: &Site, test: &str) -> bool {
    test.split("::").any(|segment| segment == site.function)
}

/// Ends the whole test process, and says so past libtest, which would take what it has captured with it.
pub(crate) fn end_process(site: &Site, message: &str) -> ! {
    let _ = writeln!(
        std::io::stderr(),
        "vm-test: `{}` at {}:{} ends this test process, because its caller may pass by panicking: {message}",
        site.function,
        site.file,
        site.line
    );
    std::process::exit(101)
}
