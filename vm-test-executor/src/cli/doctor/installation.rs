//! Checks of vm-test's own parts: its directory, its agent, its daemon.

use super::check::Check;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::{Connection, Executor, RuntimeDir};
use vm_test_runtime::variables::RUNTIME_DIR;

const NO_GUESTS: &str = "no guest can be started, and every test on a guest fails";

pub(super) fn runtime_directory() -> Check {
    let name = "runtime directory";
    let tried = RuntimeDir::open().and_then(|dir| {
        let path = dir.path().display().to_string();
        try_socket(&dir.path().join(format!("doctor-{}", std::process::id())))
            .map(|()| path.clone())
            .map_err(|error| {
                Failure::new(format!("cannot use a socket in {path}: {error}")).hint(format!(
                    "set {RUNTIME_DIR} to a directory on another file system"
                ))
            })
    });
    match tried {
        Ok(path) => Check::pass(name, path),
        Err(failure) => Check::fail(name, failure).consequence(NO_GUESTS),
    }
}

fn try_socket(path: &Path) -> std::io::Result<()> {
    let listener = UnixListener::bind(path)?;
    let connected = UnixStream::connect(path).and_then(|_| listener.accept());
    std::fs::remove_file(path)?;
    connected.map(drop)
}

pub(super) fn agent() -> Check {
    let name = "agent";
    let tried = Executor::locate().and_then(|executor| {
        let path = executor.path.with_file_name("vm-test-agent");
        let cannot = |cause: String| {
            Failure::new(format!("cannot run {}: {cause}", path.display()))
                .hint("cargo install vm-test-executor installs both programs into one directory")
        };
        // Outside a guest the agent prints what it is, and exits.
        let output = Command::new(&path)
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .map_err(|error| cannot(error.to_string()))?;
        let words = String::from_utf8_lossy(&output.stderr);
        if !words.starts_with("vm-test-agent:") {
            return Err(cannot(format!("it ended with {}: {words}", output.status)));
        }
        Ok(path)
    });
    match tried {
        Ok(path) => Check::pass(name, path.display().to_string()),
        Err(failure) => Check::fail(name, failure).consequence(NO_GUESTS),
    }
}

pub(super) fn daemon() -> Check {
    let name = "daemon";
    let tried = match Connection::ask(&Request::Status) {
        Ok(Reply::Status(status)) => Ok(status),
        Ok(other) => {
            let cannot = format!("cannot ask the daemon: it said {other:?}");
            Err(Failure::new(cannot).hint("vm-test stop"))
        }
        Err(failure) => Err(failure),
    };
    match tried {
        Ok(status) => Check::pass(
            name,
            format!(
                "process {}, version {}, {} instances",
                status.pid,
                status.version,
                status.instances.len()
            ),
        ),
        Err(failure) => Check::fail(name, failure)
            .consequence(NO_GUESTS)
            .hint("the checks above name what it needs"),
    }
}
