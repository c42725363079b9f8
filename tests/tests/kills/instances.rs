//! What the daemon reports about its instances. Starts no daemon.

use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::status::InstanceStatus;
use vm_test_runtime::client::Connection;
use vm_test_tests::host::Host;

/// Returns the living instances; none if there is no daemon.
pub(super) fn of(host: &Host) -> Vec<InstanceStatus> {
    let entries = std::fs::read_dir(host.runtime());
    let mut paths = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let Some(socket) = paths.find(|path| path.extension().is_some_and(|end| end == "sock")) else {
        return Vec::new();
    };
    let Ok(mut connection) = Connection::to(&socket) else {
        return Vec::new();
    };
    if connection.send(&Request::Status).is_err() {
        return Vec::new();
    }
    match connection.receive() {
        Ok(Reply::Status(status)) => status.instances,
        _ => Vec::new(),
    }
}

/// Returns the first process of an instance's guest, if it has started.
pub(super) fn first_process_of(instance: &InstanceStatus) -> Option<u32> {
    let keeper = instance.keeper;
    let children = std::fs::read_to_string(format!("/proc/{keeper}/task/{keeper}/children"));
    children.ok()?.split_whitespace().next()?.parse().ok()
}
