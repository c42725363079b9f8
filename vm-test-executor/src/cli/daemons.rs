//! The daemons of this user that are there already. Finds and asks them; starts none.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;
use vm_test::client::{Connection, RuntimeDir, is_timeout};
use vm_test::protocol::daemon::{Reply, Request};
use vm_test::protocol::failure::Failure;

/// How long a daemon may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The sockets in this user's runtime directory; of some of them the daemon may be dead.
pub(super) fn sockets() -> Result<Vec<PathBuf>, Failure> {
    Ok(RuntimeDir::find()?.map_or_else(Vec::new, |dir| dir.sockets()))
}

/// Asks the daemon behind a socket; `None` if none is there.
///
/// # Errors
/// If one is there and does not answer.
pub(super) fn ask(socket: &Path, request: &Request) -> Result<Option<Reply>, Failure> {
    let answer = Connection::to(socket).and_then(|connection| {
        connection.stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        connection.send(request)?;
        connection.receive()
    });
    match answer {
        Ok(reply) => Ok(Some(reply)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => {
            let cause = if is_timeout(&error) {
                "it did not answer in time".to_owned()
            } else {
                error.to_string()
            };
            Err(Failure::new(format!(
                "cannot ask the daemon at {}: {cause}",
                socket.display()
            ))
            .hint("`vm-test stop` ends daemons of other versions, too"))
        }
    }
}

/// Whether nobody is there: never was, is dead, or ends just now.
pub(super) fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    )
}
