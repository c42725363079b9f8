//! Runs a test of this suite once more, in namespaces of its own: no other network than loopback,
//! an empty `/tmp`, and no process that outlives the test.

use std::path::Path;
use std::process::Command;

/// Tells a test that it is inside.
const INSIDE: &str = "VM_TEST_EXCHANGES_INSIDE";

/// Where the clients are installed.
const TARGET: &str = env!("CARGO_TARGET_TMPDIR");

/// Prepares the namespaces, and becomes the test.
const PREPARE: &str = "ip link set lo up; exec \"$@\"";

/// The same, with an empty `/tmp`.
const PREPARE_TMP: &str = "mount -t tmpfs tmpfs /tmp; ip link set lo up; exec \"$@\"";

/// Returns whether this process is inside.
pub(crate) fn is_here() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Returns whether the calling test, whose name is `name`, is inside. If it is not, this runs it
/// there.
pub(crate) fn is_inside(name: &str) -> bool {
    if is_here() {
        return true;
    }
    let test = std::env::current_exe().unwrap();
    // What the test itself needs has to stay visible.
    let needed = [
        &test,
        Path::new(env!("CARGO_MANIFEST_DIR")),
        Path::new(TARGET),
    ];
    let prepare = if needed.iter().any(|path| path.starts_with("/tmp")) {
        PREPARE
    } else {
        PREPARE_TMP
    };
    let status = Command::new("unshare")
        .args(["--map-root-user", "--net", "--mount", "--pid", "--fork"])
        .args(["--kill-child", "--mount-proc"])
        .args(["sh", "-ec", prepare, "sh"])
        .arg(test)
        .args(["--exact", name, "--include-ignored", "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(
        status.success(),
        "`{name}` failed in its namespaces: {status}"
    );
    false
}
