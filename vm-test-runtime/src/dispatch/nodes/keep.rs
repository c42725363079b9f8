//! Keeps a whole lab whose test has failed: ends what still runs on its nodes, and hands each of
//! them, and then the lab, over to the daemon. Prints nothing.

use super::Nodes;
use super::kept::Kept;
use crate::client::Lease;
use std::thread;
use vm_test_protocol::failure::Failure;

impl Nodes {
    /// Makes the daemon keep the lab, with every node that can be kept. `own` is the lease of the
    /// test's own node, and `is_idle` says whether the test has ended there.
    ///
    /// # Errors
    /// If the daemon refuses, or nothing is left to be kept.
    pub(in crate::dispatch) fn keep(
        &mut self,
        own: &Lease,
        is_idle: Result<(), Failure>,
    ) -> Result<Kept, Failure> {
        self.tasks.abandon();
        own.end_channel();
        let keep = |name: &str| match self.nodes.get(name) {
            Some(node) => node.keep(),
            None => Err(Failure::new("the lab has no such node")),
        };
        // Before the others: if there is no room for kept instances, it is refused.
        let of_own = match is_idle {
            Ok(()) => {
                keep(self.own)?;
                Ok(())
            }
            Err(failure) => Err(failure),
        };
        let others = self.nodes.keys().filter(|name| *name != self.own);
        let mut known: Vec<(String, Result<(), Failure>)> = thread::scope(|scope| {
            let keeping: Vec<_> = others
                .map(|name| (name, scope.spawn(move || keep(name))))
                .collect();
            let lost = || Err(Failure::new("a thread that keeps a node panicked"));
            let kept = keeping.into_iter();
            kept.map(|(name, thread)| (name.clone(), thread.join().unwrap_or_else(|_| lost())))
                .collect()
        });
        if let Err(failure) = &of_own
            && known.iter().all(|(_, kept)| kept.is_err())
        {
            return Err(failure.clone());
        }
        let stays = self.lab.keep()?;
        known.push((self.own.to_owned(), of_own));
        let nodes = self.entries.iter().filter_map(|entry| {
            let at = known.iter().position(|(name, _)| *name == entry.name)?;
            Some(known.swap_remove(at))
        });
        Ok(Kept {
            lab: self.lab().to_owned(),
            stays,
            nodes: nodes.collect(),
        })
    }
}
