//! The files that come back from the nodes of a lab besides the test's own: from all nodes at once.
//! Chooses no path.

use super::Nodes;
use crate::harvest::complain;
use std::thread;

impl Nodes {
    /// Has what the test's jobs have left on other nodes brought back, and reports what is missing.
    ///
    /// What is on the test's own node comes with the test.
    pub(in crate::dispatch) fn bring(&self) {
        let others = || self.nodes.values().filter(|node| node.name != self.own);
        thread::scope(|scope| {
            for node in others() {
                let bring = || node.bring_files();
                // Without a thread it takes longer.
                if thread::Builder::new().spawn_scoped(scope, bring).is_err() {
                    node.bring_files();
                }
            }
        });
        for node in others() {
            complain(&self.test, node.files.remarks());
        }
    }
}
