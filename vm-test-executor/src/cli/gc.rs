//! `vm-test gc`: has the daemon's own sweeping done without a daemon, and says what went.

use super::args::ReportArgs;
use super::output::{say, say_json};
use crate::daemon;
use vm_test::client::RuntimeDir;
use vm_test::protocol::failure::Failure;

/// Sweeps and reports.
pub(super) fn run(args: ReportArgs) -> Result<(), Failure> {
    let swept = daemon::sweep(&RuntimeDir::open()?, None);
    if args.json {
        return say_json(&serde_json::json!({
            "files": swept.files,
            "groups": swept.groups,
            "loop_devices": swept.loop_devices,
        }));
    }
    let counts = [
        (swept.files, "file", "sockets, locks, logs"),
        (swept.groups, "control group", "limits of instances"),
        (swept.loop_devices, "loop device", "disks of instances"),
    ];
    let removed: Vec<_> = counts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, noun, what)| {
            let plural = if *count == 1 { "" } else { "s" };
            format!("removed {count} {noun}{plural} of killed daemons ({what})\n")
        })
        .collect();
    if removed.is_empty() {
        return say("nothing to remove\n");
    }
    say(&removed.concat())
}
