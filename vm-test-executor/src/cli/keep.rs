//! Hands streams over to the daemon, which then holds what they lead to. `vm-test keep` does it with
//! its standard input, for test processes, which cannot send a descriptor themselves.

use super::args::KeepArgs;
use super::output::say;
use std::os::fd::AsFd;
use std::time::Duration;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::OfLab;
use vm_test_runtime::client::{Connection, Executor, RuntimeDir};
use vm_test_sys::handover;

/// Hands standard input over and prints for how many milliseconds the instance or lab stays.
pub(super) fn run(args: &KeepArgs) -> Result<(), Failure> {
    let (what, request) = match (&args.instance, &args.lab) {
        (Some(instance), _) => (format!("instance {instance}"), of_instance(instance)),
        (None, lab) => {
            let lab = lab.as_deref().unwrap_or_default();
            (format!("lab {lab}"), of_lab(lab))
        }
    };
    let cannot =
        |cause: &dyn std::fmt::Display| Failure::new(format!("cannot keep {what}: {cause}"));
    let program = std::env::current_exe().map_err(|error| cannot(&error))?;
    let executor = Executor::at(&program).ok_or_else(|| cannot(&"the program has changed"))?;
    let dir = RuntimeDir::find()?.ok_or_else(|| cannot(&"its daemon is gone"))?;
    let connection = Connection::to(&dir.socket(&executor.identity))
        .map_err(|error| cannot(&format!("its daemon is gone: {error}")))?;
    let stays = hand_over(connection, &request, &std::io::stdin(), &what)?;
    say(&format!("{}\n", stays.as_millis()))
}

/// Returns the request to keep an instance.
pub(super) fn of_instance(instance: &str) -> Request {
    Request::Keep {
        instance: instance.to_owned(),
    }
}

/// Returns the request to hold a lab.
pub(super) fn of_lab(lab: &str) -> Request {
    Request::OfLab {
        lab: lab.to_owned(),
        asked: OfLab::Keep,
    }
}

/// Hands a stream over to the daemon; returns for how long `what` stays.
///
/// # Errors
/// If the daemon refuses or is gone.
pub(super) fn hand_over(
    mut connection: Connection,
    request: &Request,
    stream: &impl AsFd,
    what: &str,
) -> Result<Duration, Failure> {
    let cannot =
        |cause: &dyn std::fmt::Display| Failure::new(format!("cannot keep {what}: {cause}"));
    let stream = stream.as_fd().try_clone_to_owned();
    let stream = stream.map_err(|error| cannot(&error))?;
    let reply = connection
        .send(request)
        .and_then(|()| handover::send(&connection.stream, &stream))
        .and_then(|()| connection.receive())
        .map_err(|error| cannot(&format!("lost the daemon: {error}")))?;
    match reply {
        Reply::Kept(stays) => Ok(stays),
        Reply::Refused(failure) => Err(failure),
        other => Err(cannot(&format!("the daemon answered {other:?}"))),
    }
}
