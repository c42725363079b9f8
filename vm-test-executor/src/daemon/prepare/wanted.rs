//! Which nodes of labs are wanted again and again, and so worth a template of their own. Only counts.

use crate::sync;
use std::collections::HashMap;
use std::sync::Mutex;
use vm_test_protocol::failure::Failure;

/// How often a node must have been wanted before its template is made. A test that is run once for
/// each change of the source has other files in each run: saving the node would only cost time.
const OFTEN: u32 = 2;

/// How many nodes are remembered.
const MOST: usize = 1024;

/// The nodes without a template that were wanted since the daemon began.
#[derive(Debug, Default)]
pub(crate) struct Wanted(Mutex<HashMap<String, State>>);

/// What is known of a node without a template.
#[derive(Debug)]
enum State {
    /// How often it was wanted.
    Times(u32),
    /// Why it cannot be saved, if nobody was told so far.
    Failed(Option<Failure>),
}

impl Wanted {
    /// Notes that a node is wanted; returns why it has no template, the first time after that has
    /// failed.
    pub(super) fn note(&self, text: &str) -> Option<Failure> {
        let mut all = sync::lock(&self.0);
        if all.len() >= MOST && !all.contains_key(text) {
            all.clear();
        }
        match all.entry(text.to_owned()).or_insert(State::Times(0)) {
            State::Times(times) => {
                *times = times.saturating_add(1);
                None
            }
            State::Failed(failure) => failure.take(),
        }
    }

    /// Returns whether a node was wanted often enough for a template.
    pub(super) fn is_often(&self, text: &str) -> bool {
        let all = sync::lock(&self.0);
        matches!(all.get(text), Some(State::Times(times)) if *times >= OFTEN)
    }

    /// Forgets how often a node was wanted.
    pub(super) fn forget(&self, text: &str) {
        sync::lock(&self.0).remove(text);
    }

    /// Notes that a node cannot be saved: it is not tried again.
    pub(super) fn fail(&self, text: &str, failure: Failure) {
        sync::lock(&self.0).insert(text.to_owned(), State::Failed(Some(failure)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_saved_once_it_was_wanted_often() {
        let wanted = Wanted::default();
        assert!(!wanted.is_often("a"));
        wanted.note("a");
        wanted.note("b");
        assert!(!wanted.is_often("a"));
        wanted.note("a");
        assert!(wanted.is_often("a") && !wanted.is_often("b"));
        wanted.forget("a");
        assert!(!wanted.is_often("a"));
    }

    #[test]
    fn a_node_that_cannot_be_saved_is_not_tried_again_and_one_lease_is_told_why() {
        let wanted = Wanted::default();
        wanted.note("a");
        wanted.note("a");
        wanted.fail("a", Failure::new("why"));
        assert!(!wanted.is_often("a"));
        assert_eq!(wanted.note("a"), Some(Failure::new("why")));
        assert_eq!(wanted.note("a"), None);
        assert!(!wanted.is_often("a"));
    }

    #[test]
    fn not_more_nodes_are_remembered_than_there_is_room_for() {
        let wanted = Wanted::default();
        for number in 0..2 * MOST {
            wanted.note(&number.to_string());
        }
        assert!(sync::lock(&wanted.0).len() <= MOST);
    }
}
