//! Changes of a test's lab: of the power of nodes, of links, of the state of all. Passes on what the
//! daemon does, and lets a guest choose no path of the host.

use super::Nodes;
use crate::dispatch::reply::Reply;
use crate::dispatch::snapshot;
use std::sync::Arc;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, DRIVER};
use vm_test_protocol::order::{Capture, Done, Order};

impl Nodes {
    /// Begins to change the lab.
    pub(super) fn order(&mut self, order: Order, reply: Reply) {
        let lab = Arc::clone(&self.lab);
        let own = &self.own;
        match order {
            Order::Power { node, .. } if node == *own => {
                reply.refuse("the test itself runs there");
            }
            Order::Power { node, change } => {
                if let Some((node, reply)) = self.node(&node, reply) {
                    self.spawn(move || {
                        let done = node.change(&lab, change).map(|()| Done::Done);
                        reply.give(done.map_or_else(Answer::Refused, Answer::Done));
                    });
                }
            }
            Order::Save | Order::Restore { .. } if *own != DRIVER => {
                let words = format!("the test itself runs on node `{own}`");
                let failure = Failure::new(words);
                let hint = "have it run on the driver, which is not saved";
                reply.give(Answer::Refused(failure.hint(hint)));
            }
            order => {
                let others = self.nodes.iter().filter(|(name, _)| *name != own);
                let nodes: Vec<_> = others.map(|(_, node)| Arc::clone(node)).collect();
                self.spawn(move || {
                    let done = match order {
                        Order::Save => snapshot::save(&nodes, &lab),
                        Order::Restore { saved } => snapshot::restore(&nodes, &lab, saved),
                        // A guest chooses no path of the host.
                        Order::Capture { .. } => lab.order(Order::Capture { directory: None }),
                        order => lab.order(order),
                    };
                    reply.give(done.map_or_else(Answer::Refused, Answer::Done));
                });
            }
        }
    }

    /// Has what the networks have carried lately written to files of the test's run.
    ///
    /// # Errors
    /// If the daemon is gone, or they cannot be written.
    pub(in crate::dispatch) fn capture(&self) -> Result<Vec<Capture>, Failure> {
        match self.lab.order(Order::Capture { directory: None })? {
            Done::Captured(files) => Ok(files),
            Done::Failed(failure) => Err(failure),
            other => Err(Failure::new(format!("the daemon answered {other:?}"))),
        }
    }
}
