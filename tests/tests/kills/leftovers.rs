//! What the kernel does not remove when a daemon is killed: its files, control groups, loop
//! devices. The next daemon does, whatever its version.

use super::interruptions::await_begun;
use super::run::Crowd;
use super::{PATIENCE, SWEPT, alone, assert_ends_well};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use vm_test_tests::census::{Census, Kind};
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;

fn files(host: &Host) -> Vec<PathBuf> {
    let entries = fs::read_dir(host.runtime()).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

#[test]
fn the_files_of_a_killed_daemon_of_another_version_are_swept() {
    let _alone = alone();
    let host = Host::new();
    let crowd = Crowd::build(&host);
    let before = Census::take(&host);
    // Another file is another version.
    let old = tempfile::tempdir_in("/var/tmp").unwrap();
    let program = Host::program();
    for name in ["vm-test", "vm-test-agent"] {
        fs::copy(program.with_file_name(name), old.path().join(name)).unwrap();
    }
    let mut command = Command::new(old.path().join("vm-test"));
    let status = host
        .adopt(&mut command)
        .args(["daemon", "--start"])
        .status();
    assert!(status.expect("it starts").success());
    Daemon::of(&host).expect("the old daemon").kill();
    let stale = files(&host);
    let ends: Vec<_> = stale.iter().filter_map(|path| path.extension()).collect();
    assert_eq!(ends, ["lock", "log", "sock"]);
    crowd.passes(&host);
    let there = files(&host);
    let left: Vec<_> = stale.iter().filter(|path| there.contains(path)).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_ends_well(&host, &before);
}

#[test]
fn the_control_groups_of_a_killed_daemon_are_swept() {
    let _alone = alone();
    let host = Host::new();
    let crowd = Crowd::build(&host);
    let before = Census::take(&host);
    let run = crowd.start_alone(&host, "forever::sleeps");
    await_begun(&run);
    let daemon = Daemon::of(&host).expect("a daemon");
    let mark = format!("/vm-test/{}-", daemon.pid);
    daemon.kill();
    run.finish().assert_failed_alone("daemon");
    assert_eq!(before.settle_but(PATIENCE, &SWEPT), [""; 0]);
    let left = |census: &Census| {
        let groups = census.of_kind(Kind::ControlGroup);
        groups.filter(|group| group.contains(&mark)).count()
    };
    // An ordinary user has none to leave, unless the host delegates some.
    assert_eq!(left(&Census::take(&host)) > 0, is_root());
    crowd.passes(&host);
    assert_eq!(left(&Census::take(&host)), 0);
    assert_ends_well(&host, &before);
}

#[test]
fn the_loop_devices_of_a_killed_daemon_are_swept() {
    let _alone = alone();
    let host = Host::new();
    let crowd = Crowd::build(&host);
    let before = Census::take(&host);
    let test = "forever::sleeps_over_a_loop_device";
    let run = crowd.start_alone(&host, test);
    if !is_root() {
        run.finish()
            .assert_failed_alone("gives loop devices to root only");
        assert_ends_well(&host, &before);
        return;
    }
    await_begun(&run);
    let devices = |census: &Census| census.of_kind(Kind::LoopDevice).count();
    assert_eq!(devices(&Census::take(&host)), devices(&before) + 1);
    Daemon::of(&host).expect("a daemon").kill();
    run.finish().assert_failed_alone("daemon");
    let ignored = [Kind::ControlGroup, Kind::File, Kind::LoopDevice];
    assert_eq!(before.settle_but(PATIENCE, &ignored), [""; 0]);
    crowd.passes(&host);
    assert_eq!(devices(&Census::take(&host)), devices(&before));
    assert_ends_well(&host, &before);
}
