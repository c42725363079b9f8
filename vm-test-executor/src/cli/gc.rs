//! `vm-test gc`: does the daemon's clean-up without a daemon, and prints what was removed.

use super::args::GcArgs;
use super::output::{say, say_json, size};
use crate::daemon;
use crate::image::{Collected, Store, clear, collect, sweep_snapshots};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::{RuntimeDir, store};

/// Removes what dead daemons and unused images left, and reports it.
pub(super) fn run(args: GcArgs) -> Result<(), Failure> {
    let mut swept = daemon::sweep(&RuntimeDir::open()?, None);
    // Snapshots of daemons whose journal is lost.
    let found = Store::find(&store()?)?;
    if let Some(store) = &found {
        swept.snapshots += sweep_snapshots(store)?;
    }
    let collected = match (args.images, &found) {
        (true, _) => collect(&Store::open(&store()?)?)?,
        (false, Some(store)) => Collected {
            // Not of interest to users who have not asked about images.
            in_use: 0,
            ..clear(store)?
        },
        (false, None) => Collected::default(),
    };
    if args.report.json {
        let mut report = serde_json::json!({
            "files": swept.files,
            "groups": swept.groups,
            "loop_devices": swept.loop_devices,
            "snapshots": swept.snapshots,
            "remains": collected.remains,
        });
        if args.images {
            report["images"] = serde_json::json!({
                "layers": collected.layers,
                "subvolumes": collected.subvolumes,
                "machines": collected.machines,
                "bytes": collected.bytes,
                "remains": collected.remains,
                "in_use": collected.in_use,
            });
        }
        return say_json(&report);
    }
    let counts = [
        (swept.files, "file", "sockets, locks, logs"),
        (swept.groups, "control group", "limits of instances"),
        (swept.loop_devices, "loop device", "disks of instances"),
        (swept.snapshots, "snapshot", "files of instances"),
    ];
    let mut removed: Vec<_> = counts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, noun, what)| {
            let plural = if *count == 1 { "" } else { "s" };
            format!("removed {count} {noun}{plural} of killed daemons ({what})\n")
        })
        .collect();
    removed.extend(describe(&collected));
    if removed.is_empty() {
        return say("nothing to remove\n");
    }
    say(&removed.concat())
}

fn describe(collected: &Collected) -> Vec<String> {
    let counted = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
    let mut lines = Vec::new();
    if collected.layers + collected.machines > 0 {
        let layers = counted(collected.layers, "layer");
        let (machines, bytes) = (counted(collected.machines, "disk"), size(collected.bytes));
        lines.push(format!(
            "removed {layers} that no image needs, and {machines} of VMs ({bytes})\n"
        ));
    }
    if collected.subvolumes > 0 {
        let subvolumes = counted(collected.subvolumes, "subvolume");
        lines.push(format!("removed {subvolumes} of removed images\n"));
    }
    if collected.remains > 0 {
        let remains = counted(collected.remains, "unfinished piece");
        lines.push(format!("removed {remains} of killed builds and daemons\n"));
    }
    if collected.in_use > 0 {
        let in_use = counted(collected.in_use, "layer");
        lines.push(format!(
            "left {in_use} that a guest or a build uses just now\n"
        ));
    }
    lines
}
