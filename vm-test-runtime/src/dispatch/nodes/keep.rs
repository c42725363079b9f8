//! Keeps a whole lab whose test has failed: ends what still runs on its nodes, and hands each of
//! them, and then the lab, over to the daemon. Prints nothing.

use super::kept::Kept;
use super::{Node, Nodes};
use crate::client::Lease;
use std::sync::TryLockError;
use std::thread;
use std::time::{Duration, Instant};
use vm_test_protocol::agent::ToAgent;
use vm_test_protocol::failure::Failure;

/// How long what runs on nodes may take to end: as long as that of a test.
const ENDING: Duration = Duration::from_secs(15);

/// How often to check whether it has ended.
const TICK: Duration = Duration::from_millis(5);

impl Nodes {
    /// Makes the daemon keep the lab, with every node that can be kept; `own` is the test's own.
    ///
    /// # Errors
    /// If the daemon refuses, or nothing is left to be kept.
    pub(in crate::dispatch) fn keep(
        &mut self,
        own: Result<&Lease, Failure>,
    ) -> Result<Kept, Failure> {
        self.settle();
        // Before the others: if there is no room for kept instances, it is refused.
        let own_node = match own {
            Ok(lease) => {
                lease.keep()?;
                Ok(())
            }
            Err(failure) => Err(failure),
        };
        let others: Vec<(String, Result<(), Failure>)> = thread::scope(|scope| {
            let keeping: Vec<_> = self
                .others
                .iter()
                .map(|(name, node)| (name, scope.spawn(|| keep_idle(node))))
                .collect();
            let lost = || Err(Failure::new("a thread that keeps a node panicked"));
            let kept = keeping.into_iter();
            kept.map(|(name, thread)| (name.clone(), thread.join().unwrap_or_else(|_| lost())))
                .collect()
        });
        if let Err(failure) = &own_node
            && others.iter().all(|(_, kept)| kept.is_err())
        {
            return Err(failure.clone());
        }
        let stays = self.lab.keep()?;
        // Those that the daemon holds do not end with this process.
        self.others.retain(|name, _| {
            !others
                .iter()
                .any(|(node, kept)| node == name && kept.is_ok())
        });
        let mut known: Vec<_> = others;
        known.push((self.own.to_owned(), own_node));
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

    /// Stops what still runs on nodes, and waits until each of them is idle.
    fn settle(&mut self) {
        self.running.retain(|thread| !thread.is_finished());
        if self.running.is_empty() {
            return;
        }
        for node in self.others.values() {
            // A node on which nothing runs does not mind.
            let _ = node.line.send(&ToAgent::End);
        }
        let limit = Instant::now() + ENDING;
        while self.running.iter().any(|thread| !thread.is_finished()) && Instant::now() < limit {
            thread::sleep(TICK);
        }
    }
}

/// Makes the daemon keep a node, unless something still runs there.
fn keep_idle(node: &Node) -> Result<(), Failure> {
    let lease = match node.lease.try_lock() {
        Ok(lease) => lease,
        Err(TryLockError::Poisoned(lock)) => lock.into_inner(),
        Err(TryLockError::WouldBlock) => {
            return Err(Failure::new("what runs there has not ended"));
        }
    };
    lease.keep().map(drop)
}
