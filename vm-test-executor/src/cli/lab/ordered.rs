//! Orders of a user about a lab that is held, as its daemon carries them out. Says nothing.

use super::held::Held;
use crate::cli::daemons;
use std::time::Duration;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::OfLab;
use vm_test_protocol::order::{Done, Order};

/// How long a change may take: that of a system that shuts down.
const CHANGING: Duration = Duration::from_secs(180);

/// Has a lab changed.
///
/// # Errors
/// If its daemon is gone.
pub(super) fn order(held: &Held, order: Order) -> Result<Done, Failure> {
    ask(held, OfLab::Order(order))
}

/// Has what users have done to a link undone.
///
/// # Errors
/// If its daemon is gone.
pub(super) fn release(held: &Held, node: &str, network: &str) -> Result<Done, Failure> {
    let (node, network) = (node.to_owned(), network.to_owned());
    ask(held, OfLab::Release { node, network })
}

fn ask(held: &Held, asked: OfLab) -> Result<Done, Failure> {
    let lab = &held.lab.lab;
    let cannot = |cause: &str| Failure::new(format!("cannot change lab {lab}: {cause}"));
    let request = Request::OfLab {
        lab: lab.clone(),
        asked,
    };
    match daemons::ask_within(&held.socket, &request, CHANGING)? {
        Some(Reply::Done(done)) => Ok(done),
        Some(Reply::Refused(failure)) => Err(failure),
        Some(other) => Err(cannot(&format!("the daemon answered {other:?}"))),
        None => Err(cannot("its daemon is gone")),
    }
}
