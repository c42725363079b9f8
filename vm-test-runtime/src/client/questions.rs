//! What a test asks and tells the daemon about an instance besides its lease, each on a connection of
//! its own. Starts no daemon: one that is gone has no answer.

use super::Connection;
use super::connection::{WELCOME_TIMEOUT, socket_of_last};
use std::time::Duration;
use vm_test_protocol::daemon::{ExitReport, Reply, Request};
use vm_test_protocol::record::Record;

/// Returns what became of an instance, if a daemon that knows it still runs.
///
/// Does not start a daemon.
#[must_use]
pub fn exit_report(instance: &str) -> Option<ExitReport> {
    let instance = instance.to_owned();
    match ask_within(&Request::ExitReport { instance }, WELCOME_TIMEOUT) {
        Some(Reply::ExitReport(exit_report)) => exit_report,
        _ => None,
    }
}

/// Returns the last lines of a living instance's console, if it has one and its daemon runs.
///
/// Does not start a daemon.
#[must_use]
pub fn console(instance: &str) -> Option<Vec<String>> {
    let instance = instance.to_owned();
    match ask_within(&Request::Console { instance }, WELCOME_TIMEOUT) {
        Some(Reply::Console(lines)) => lines,
        _ => None,
    }
}

/// Asks the daemon to record what became of a test, if it runs. Ignores failures.
pub fn record(record: Record) {
    let _ = ask_within(&Request::Record(Box::new(record)), WELCOME_TIMEOUT);
}

/// Asks the daemon, if it runs: the one that has granted this process's leases, or else that of the
/// installed program.
pub(super) fn ask_within(request: &Request, within: Duration) -> Option<Reply> {
    let socket = socket_of_last()?;
    let mut connection = Connection::to(&socket).ok()?;
    connection.send(request).ok()?;
    connection.receive_within(within).ok()
}
