//! A guest that is root on the host by choice: it is, and everything it does still ends with it.

use super::arena::alone;
use std::path::Path;
use std::time::Duration;
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::place::Place;
use vm_test_tests::process::{await_that, instances, vm_test};

/// How long the host may take to be as it was.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn a_privileged_guest_is_root_on_the_host_and_leaves_nothing_there() {
    let _alone = alone();
    let host = Place::Container.host();
    let before = Census::take(&host);
    let made = format!("/etc/made-by-a-guest-{}", std::process::id());
    let script = format!(
        "set -e; cat /proc/self/uid_map; stat -c %u /proc/self/exe; echo it >{made}; cat {made}
         mkdir /mnt/made; mount -t tmpfs made /mnt/made; rm /etc/passwd; test ! -e /etc/passwd
         ip link add made type veth peer name other; setsid sleep 1000 >/dev/null 2>&1 & echo all"
    );
    let words = ["run", "host", "--privileged", "--", "sh", "-c", &script];
    let finished = vm_test(&host, &words);
    if !rustix::process::getuid().is_root() {
        assert_eq!(finished.code(), Some(125));
        assert_eq!(
            finished.err,
            "error: cannot start guest `host`: privileged = true needs root on the host, and this is an ordinary user\n\
             hint: without privileged, root in the guest is root over all that is the guest's own\n"
        );
        return;
    }
    assert_eq!(finished.code(), Some(0), "{}", finished.err);
    let words: Vec<_> = finished.out.split_whitespace().collect();
    // Every id is the host's own.
    assert_eq!(
        words,
        ["0", "0", "4294967295", "0", "it", "all"],
        "{}",
        finished.err
    );
    assert!(!Path::new(&made).exists() && Path::new("/etc/passwd").exists());
    await_that("its instance is gone", PATIENCE, || {
        instances(&host).is_empty()
    });
    if let Some(daemon) = Daemon::of(&host) {
        daemon.terminate();
    }
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}
