//! `vm-test keep`: hands the stream on its standard input over to the daemon. Only test processes
//! call it, because they cannot send a descriptor themselves.

use super::output::say;
use std::os::fd::AsFd;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::{Connection, Executor, RuntimeDir};
use vm_test_sys::handover;

/// Hands the stream over and prints for how many milliseconds the instance stays.
pub(super) fn run(instance: &str) -> Result<(), Failure> {
    let cannot = |cause: &dyn std::fmt::Display| {
        Failure::new(format!("cannot keep instance {instance}: {cause}"))
    };
    let program = std::env::current_exe().map_err(|error| cannot(&error))?;
    let executor = Executor::at(&program).ok_or_else(|| cannot(&"the program has changed"))?;
    let dir = RuntimeDir::find()?.ok_or_else(|| cannot(&"its daemon is gone"))?;
    let mut connection = Connection::to(&dir.socket(&executor.identity))
        .map_err(|error| cannot(&format!("its daemon is gone: {error}")))?;
    let stream = std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| cannot(&error))?;
    let request = Request::Keep {
        instance: instance.to_owned(),
    };
    let reply = connection
        .send(&request)
        .and_then(|()| handover::send(&connection.stream, &stream))
        .and_then(|()| connection.receive())
        .map_err(|error| cannot(&format!("lost the daemon: {error}")))?;
    match reply {
        Reply::Kept(stays) => say(&format!("{}\n", stays.as_millis())),
        Reply::Refused(failure) => Err(failure),
        other => Err(cannot(&format!("the daemon answered {other:?}"))),
    }
}
