//! The running daemons of this user. Finds and queries them; starts none.

use std::path::{Path, PathBuf};
use std::time::Duration;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::{Connection, RuntimeDir, cure, is_gone};

/// How long a daemon may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the sockets in this user's runtime directory. Some of their daemons may be dead.
pub(super) fn sockets() -> Result<Vec<PathBuf>, Failure> {
    Ok(RuntimeDir::find()?.map_or_else(Vec::new, |dir| dir.sockets()))
}

/// Asks the daemon behind a socket; returns `None` if there is no daemon.
///
/// # Errors
/// If the daemon is there but does not answer.
pub(super) fn ask(socket: &Path, request: &Request) -> Result<Option<Reply>, Failure> {
    ask_within(socket, request, ANSWER_TIMEOUT)
}

/// Asks the daemon behind a socket for something that may take so long; returns `None` if there is
/// no daemon.
///
/// # Errors
/// If the daemon is there but does not answer.
pub(super) fn ask_within(
    socket: &Path,
    request: &Request,
    within: Duration,
) -> Result<Option<Reply>, Failure> {
    let answer = Connection::to(socket).and_then(|mut connection| {
        connection.send(request)?;
        connection.receive_within(within)
    });
    match answer {
        Ok(reply) => Ok(Some(reply)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(Failure::new(format!(
            "cannot ask the daemon at {}: {error}",
            socket.display()
        ))
        .hint(cure(&error))),
    }
}
