//! Runs all checks in their order and prints what they find. Checks nothing itself.

use super::check::{Check, Verdict};
use super::{guest, host, installation, user};
use crate::cli::args::ReportArgs;
use crate::cli::output::{is_colourful, say, say_json};
use vm_test_protocol::failure::Failure;

/// The checks, in order. Each is printed as soon as it is done.
const CHECKS: [fn() -> Check; 16] = [
    host::kernel,
    user::namespaces,
    user::id_maps,
    host::liblxc,
    host::qemu,
    user::control_groups,
    host::memory,
    installation::runtime_directory,
    installation::agent,
    installation::daemon,
    guest::overlay,
    guest::tun,
    guest::fuse,
    guest::loop_devices,
    guest::outside,
    guest::guest,
];

/// Runs all checks; returns whether none failed.
pub(in crate::cli) fn run(args: ReportArgs) -> Result<bool, Failure> {
    let colourful = is_colourful(&std::io::stdout());
    let mut checks: Vec<Check> = Vec::new();
    for check in CHECKS {
        let check = check();
        if !args.json {
            say(&check.after(&checks).text(colourful))?;
        }
        checks.push(check);
    }
    if args.json {
        say_json(&checks)?;
    }
    Ok(checks.iter().all(|check| check.status != Verdict::Fail))
}
