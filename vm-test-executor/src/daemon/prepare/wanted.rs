//! Which configured VMs are wanted again and again, and so worth a template of their own. Only counts.

use crate::sync;
use std::collections::HashMap;
use std::sync::Mutex;
use vm_test_protocol::failure::Failure;

/// How many VMs are remembered.
const MOST: usize = 1024;

/// The VMs without a template that were wanted since the daemon began.
#[derive(Debug, Default)]
pub(crate) struct Wanted(Mutex<HashMap<String, State>>);

/// What is known of a VM without a template.
#[derive(Debug)]
enum State {
    /// How often it was wanted.
    Times(u32),
    /// Its template is being made.
    Saving,
    /// Why it cannot be saved, if nobody was told so far.
    Failed(Option<Failure>),
}

impl Wanted {
    /// Notes that a VM is wanted; returns why it has no template, the first time after that has
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
            State::Saving => None,
            State::Failed(failure) => failure.take(),
        }
    }

    /// Returns whether a VM was wanted so often, and no thread is making its template.
    pub(super) fn is_often(&self, text: &str, often: u32) -> bool {
        let all = sync::lock(&self.0);
        matches!(all.get(text), Some(State::Times(times)) if *times >= often)
    }

    /// Returns whether the caller has to make the template of a VM: it was wanted so often, and no
    /// other thread is making it.
    pub(super) fn claim(&self, text: &str, often: u32) -> bool {
        let mut all = sync::lock(&self.0);
        let Some(state) = all.get_mut(text) else {
            return false;
        };
        let is_often = matches!(state, State::Times(times) if *times >= often);
        if is_often {
            *state = State::Saving;
        }
        is_often
    }

    /// Forgets how often a VM was wanted.
    pub(super) fn forget(&self, text: &str) {
        sync::lock(&self.0).remove(text);
    }

    /// Notes that a VM cannot be saved: it is not tried again.
    pub(super) fn fail(&self, text: &str, failure: Failure) {
        sync::lock(&self.0).insert(text.to_owned(), State::Failed(Some(failure)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFTEN: u32 = 2;

    #[test]
    fn a_vm_is_saved_once_it_was_wanted_often() {
        let wanted = Wanted::default();
        assert!(!wanted.is_often("a", OFTEN));
        wanted.note("a");
        wanted.note("b");
        assert!(!wanted.is_often("a", OFTEN) && !wanted.claim("a", OFTEN));
        wanted.note("a");
        assert!(wanted.is_often("a", OFTEN) && !wanted.is_often("b", OFTEN));
        assert!(!wanted.is_often("a", OFTEN + 1));
        wanted.forget("a");
        assert!(!wanted.is_often("a", OFTEN));
    }

    #[test]
    fn only_one_makes_the_template_of_a_vm() {
        let wanted = Wanted::default();
        wanted.note("a");
        wanted.note("a");
        assert!(wanted.claim("a", OFTEN));
        assert!(!wanted.claim("a", OFTEN) && !wanted.is_often("a", OFTEN));
        // Others go on wanting it meanwhile.
        assert_eq!(wanted.note("a"), None);
        assert!(!wanted.claim("a", OFTEN));
        wanted.forget("a");
        wanted.note("a");
        wanted.note("a");
        assert!(wanted.claim("a", OFTEN));
    }

    #[test]
    fn a_vm_that_cannot_be_saved_is_not_tried_again_and_one_lease_is_told_why() {
        let wanted = Wanted::default();
        wanted.note("a");
        wanted.note("a");
        wanted.fail("a", Failure::new("why"));
        assert!(!wanted.claim("a", OFTEN));
        assert_eq!(wanted.note("a"), Some(Failure::new("why")));
        assert_eq!(wanted.note("a"), None);
        assert!(!wanted.claim("a", OFTEN));
    }

    #[test]
    fn not_more_vms_are_remembered_than_there_is_room_for() {
        let wanted = Wanted::default();
        for number in 0..2 * MOST {
            wanted.note(&number.to_string());
        }
        assert!(sync::lock(&wanted.0).len() <= MOST);
    }
}
