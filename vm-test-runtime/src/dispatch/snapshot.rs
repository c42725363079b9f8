//! The state of a lab's nodes as a whole: saved while nothing runs on them, and restored in place of
//! what runs there.

use super::node::Node;
use crate::client;
use std::sync::Arc;
use std::thread;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::{Done, Order};

/// Saves all nodes.
///
/// # Errors
/// If something runs on one of them, or the daemon cannot save them.
pub(super) fn save(nodes: &[Arc<Node>], lab: &client::Lab) -> Result<Done, Failure> {
    let _changing: Vec<_> = nodes.iter().map(|node| node.changing()).collect();
    let still = nodes.iter().map(|node| node.still());
    let _still = still.collect::<Result<Vec<_>, _>>()?;
    lab.order(Order::Save)
}

/// Returns all nodes to a saved state.
///
/// # Errors
/// If there is no such state, or a node cannot be restored. Then none can be used.
pub(super) fn restore(nodes: &[Arc<Node>], lab: &client::Lab, saved: u64) -> Result<Done, Failure> {
    let _changing: Vec<_> = nodes.iter().map(|node| node.changing()).collect();
    for node in nodes {
        node.give_up("restored to an earlier state");
    }
    let on = match lab.order(Order::Restore { saved })? {
        Done::Restored(on) => on,
        other => return Ok(other),
    };
    let on = nodes
        .iter()
        .filter(|node| on.iter().any(|name| *name == node.name));
    // They go on together, when all are there.
    let begun: Vec<Result<(), Failure>> = thread::scope(|scope| {
        let threads: Vec<_> = on.map(|node| scope.spawn(move || node.begin())).collect();
        let lost = |_| Err(Failure::new("a thread that leases a node panicked"));
        let ended = threads.into_iter().map(|thread| thread.join());
        ended.map(|begun| begun.unwrap_or_else(lost)).collect()
    });
    let failed = begun.into_iter().find_map(Result::err);
    match failed {
        None => {
            nodes.iter().for_each(|node| node.files.are_restored());
            Ok(Done::Done)
        }
        Some(failure) => {
            for node in nodes {
                node.give_up("not restored");
            }
            Err(failure)
        }
    }
}
