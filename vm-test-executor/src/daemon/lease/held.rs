//! Labs that the daemon holds: takes them over from their tests, and ends them with all of their
//! nodes when their time is up.

use super::host::Host;
use super::kept::is_gone_within;
use super::labs::LivingLab;
use super::term::Term;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vm_test_protocol::daemon::Reply;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_protocol::record::Log;
use vm_test_sys::handover;

/// How long the nodes of a lab may take to end, and then the lab.
const REMOVAL: Duration = Duration::from_secs(10);

/// How often to check whether they have ended.
const REMOVAL_TICK: Duration = Duration::from_millis(5);

/// How often to check whether a lab still has nodes.
const TICK: Duration = Duration::from_secs(1);

/// Takes a lab over from its test process, and holds it until its time is up.
///
/// Runs in the connection's own thread.
pub(crate) fn keep(host: &Host, client: &UnixStream, name: &str) {
    match take_over(host, client, name) {
        Ok((lab, term)) => {
            if frame::write(client, &Reply::Kept(term.stays())).is_err() {
                // Nobody would ever learn of it.
                end(host, &lab);
            }
            // A test waits for the client.
            let _ = client.shutdown(Shutdown::Both);
            attend(host, &lab, &term);
        }
        Err(failure) => {
            let _ = frame::write(client, &Reply::Refused(failure));
        }
    }
}

fn take_over(
    host: &Host,
    client: &UnixStream,
    name: &str,
) -> Result<(Arc<LivingLab>, Arc<Term>), Failure> {
    let cannot = |cause: &str| Failure::new(format!("cannot keep lab {name}: {cause}"));
    let connection = handover::receive(client)
        .map(UnixStream::from)
        .map_err(|_| cannot("the request contained no stream"))?;
    let lab = host.labs.find(name).ok_or_else(|| cannot("it is gone"))?;
    let term = lab.about.holding.take(connection);
    let term = term.ok_or_else(|| cannot("none of its nodes is kept, or it is held already"))?;
    Ok((lab, term))
}

/// Holds a lab until its time is up, or it is gone with all of its nodes.
fn attend(host: &Host, lab: &LivingLab, term: &Term) {
    loop {
        let left = term.left().unwrap_or(TICK).min(TICK);
        let is_over = left.is_zero() || is_gone(lab, left);
        let has_gone = !host.registry.has_node_of(&lab.about.name);
        if is_over || (has_gone && !lab.about.holding.has_been_switched_off()) {
            return end(host, lab);
        }
    }
}

fn is_gone(lab: &LivingLab, within: Duration) -> bool {
    let connection = lab.about.holding.connection();
    connection.is_none_or(|connection| is_gone_within(connection, within))
}

/// Ends a lab: first its nodes, each as if it were alone, so that none of them seems to have died.
fn end(host: &Host, lab: &LivingLab) {
    for kept in host.registry.kept_of(&lab.about.name) {
        kept.end();
    }
    await_that(|| !host.registry.has_node_of(&lab.about.name));
    if let Some(connection) = lab.about.holding.connection() {
        let _ = connection.shutdown(Shutdown::Both);
    }
}

/// Ends a lab that is held, and waits until it is gone.
pub(crate) fn remove(host: &Host, name: &str) -> Reply {
    let cannot = |cause: &str| Failure::new(format!("cannot end lab {name}: {cause}"));
    let Some(lab) = host.labs.find(name) else {
        let failure = cannot("there is no such lab");
        return Reply::Refused(failure.hint("`vm-test lab ls` lists all labs"));
    };
    if lab.about.holding.connection().is_none() {
        let failure = cannot("its test still runs");
        return Reply::Refused(
            failure.hint("end the process of the test, which `vm-test ps` names"),
        );
    }
    end(host, &lab);
    if !await_that(|| host.labs.find(name).is_none()) {
        return Reply::Refused(cannot("it has not ended in time"));
    }
    // The thread that has served it may be about to do this.
    lab.keeper.end();
    Reply::Removed
}

/// Returns what all nodes of a lab have written, by one clock, if that is not stored yet.
pub(crate) fn log(host: &Host, name: &str) -> Option<Log> {
    let lab = host.labs.find(name);
    let is_held = |lab: &Arc<LivingLab>| lab.about.holding.connection().is_some();
    let log = match lab {
        Some(lab) if is_held(&lab) => host.registry.log_of_lab(name),
        // While a lab ends, its nodes are gone one after the other.
        lab => match host.registry.last_log_of_lab(name) {
            Some(log) => log,
            None => host.registry.log_of_lab(&lab?.about.name),
        },
    };
    Some(Log {
        lab: Some(log),
        ..Log::default()
    })
}

/// Waits for at most [`REMOVAL`]; returns whether the condition holds.
fn await_that(is_so: impl Fn() -> bool) -> bool {
    let limit = Instant::now() + REMOVAL;
    while !is_so() {
        if Instant::now() > limit {
            return false;
        }
        std::thread::sleep(REMOVAL_TICK);
    }
    true
}
