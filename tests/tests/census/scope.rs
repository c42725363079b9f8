//! What a census examines and what not: the daemons of others, and what this user cannot see.

use super::{alone, is_root};
use std::time::Duration;
use vm_test_tests::census::{Census, Kind};
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;

#[test]
fn the_daemon_of_another_host_is_not_reported_and_is_by_its_own() {
    let _alone = alone();
    let (host, other) = (Host::new(), Host::new());
    let (before, others) = (Census::take(&host), Census::take(&other));
    let status = other
        .vm_test()
        .args(["daemon", "--start"])
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(before.settle(Duration::from_secs(5)), [""; 0]);
    let found = Census::difference(&others, &Census::take(&other));
    for kind in [Kind::Process, Kind::Socket, Kind::File, Kind::Lock] {
        let came = format!("{kind:?} came");
        assert!(
            found.iter().any(|line| line.starts_with(&came)),
            "{kind:?}: {found:#?}"
        );
    }
    Daemon::of(&other).expect("it has a lock").terminate();
    assert_eq!(others.settle(Duration::from_secs(5)), [""; 0]);
}

#[test]
fn what_this_user_cannot_see_is_said() {
    let _alone = alone();
    let host = Host::new();
    let census = Census::take(&host);
    let unseen = census.unseen();
    if is_root() {
        let closed = unseen.iter().any(|line| line.contains("packet filter"));
        assert!(!closed, "{unseen:?}");
    } else {
        assert!(
            unseen.iter().any(|line| line.contains("packet filter")),
            "{unseen:?}"
        );
        assert!(
            unseen.iter().any(|line| line.contains("other users")),
            "{unseen:?}"
        );
    }
    assert!(census.of_kind(Kind::Mount).count() > 1);
    assert!(
        census
            .of_kind(Kind::Setting)
            .any(|line| line.starts_with("kernel/hostname"))
    );
}
