//! Keeps an instance whose test has failed, and removes one that is kept.

use super::host::Host;
use super::kept::Kept;
use super::ledger::{self, End};
use super::term::Term;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vm_test_protocol::daemon::Reply;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::handover;

/// How long a removed instance may take to end.
const REMOVAL: Duration = Duration::from_secs(10);

/// How often to check whether it has ended.
const REMOVAL_TICK: Duration = Duration::from_millis(5);

/// Takes an instance over from its test process, and holds it until its time is up.
///
/// Runs in the connection's own thread.
pub(crate) fn keep(host: &Host, client: &UnixStream, instance: &str) {
    match take_over(host, client, instance) {
        Ok(kept) => {
            if frame::write(client, &Reply::Kept(kept.stays())).is_err() {
                // Nobody would ever learn of it.
                kept.end();
            }
            // A test waits for the client.
            let _ = client.shutdown(Shutdown::Both);
            kept.attend();
        }
        Err(failure) => {
            let _ = frame::write(client, &Reply::Refused(failure));
        }
    }
}

fn take_over(host: &Host, client: &UnixStream, instance: &str) -> Result<Arc<Kept>, Failure> {
    let cannot = |cause: &str| Failure::new(format!("cannot keep {instance}: {cause}"));
    let agent = handover::receive(client)
        .map(UnixStream::from)
        .map_err(|_| cannot("the request contained no stream"))?;
    // The previous holder may have set them.
    agent
        .set_read_timeout(None)
        .and_then(|()| agent.set_write_timeout(None))
        .map_err(|error| cannot(&error.to_string()))?;
    let term = term_of(host, instance);
    let kept = host.registry.with(instance, |living| {
        let Some(term) = term.filter(|_| living.kept.is_none()) else {
            return Err(cannot(
                "it is not configured to be kept, or is kept already",
            ));
        };
        living.admitted.keep().map_err(|cause| {
            cannot(&cause)
                .hint("`vm-test rm --all` ends all kept instances, `vm-test ps` lists them")
        })?;
        let kept = Arc::new(Kept::new(agent, term));
        living.kept = Some(Arc::clone(&kept));
        Ok(kept)
    });
    let kept = kept.unwrap_or_else(|| Err(cannot("it is gone")))?;
    ledger::close(&host.registry, instance, End::Released(None), None);
    Ok(kept)
}

/// Returns the time for which an instance may be kept: that of its lab, if it is a node.
fn term_of(host: &Host, instance: &str) -> Option<Arc<Term>> {
    let (keep_for, node) = host.registry.with(instance, |living| {
        (living.granted.keep_for, living.status.lab.clone())
    })?;
    match node {
        Some(node) => host.labs.find(&node.lab)?.about.holding.term(),
        None => keep_for.map(|stays| Arc::new(Term::of(stays))),
    }
}

/// Ends a kept instance and waits until it is gone.
pub(crate) fn remove(host: &Host, instance: &str) -> Reply {
    let cannot = |cause: &str| Failure::new(format!("cannot remove {instance}: {cause}"));
    let found = host.registry.with(instance, |living| {
        (
            living.kept.as_ref().map(Arc::clone),
            living.status.lab.clone(),
        )
    });
    if let Some((Some(_), Some(node))) = &found {
        let cause = format!("it is a node of lab {}", node.lab);
        let hint = format!("`vm-test lab down {}` ends the whole lab", node.lab);
        return Reply::Refused(cannot(&cause).hint(hint));
    }
    match found.map(|(kept, _)| kept) {
        None => {
            return Reply::Refused(
                cannot("there is no such instance").hint("`vm-test ps` lists all instances"),
            );
        }
        Some(None) => {
            return Reply::Refused(
                cannot("it is not kept, but in use")
                    .hint("end the process that holds it, which `vm-test ps` names"),
            );
        }
        Some(Some(kept)) => kept.end(),
    }
    let limit = Instant::now() + REMOVAL;
    while host.registry.with(instance, |_| ()).is_some() {
        if Instant::now() > limit {
            return Reply::Refused(cannot("it has not ended in time"));
        }
        std::thread::sleep(REMOVAL_TICK);
    }
    Reply::Removed
}

#[cfg(test)]
mod tests;
