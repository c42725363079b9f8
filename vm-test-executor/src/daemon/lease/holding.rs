//! What a lab needs to outlive its test: whether it may, for how long, and the holder's end of its
//! connection once the daemon has it.

use super::term::Term;
use crate::sync;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use vm_test_protocol::lab::LabRequest;
use vm_test_protocol::status::KeptStatus;

/// Whether a lab is held, or can be.
#[derive(Debug, Default)]
pub(super) struct Holding {
    /// The node whose lease says whether the lab may be held.
    decides: String,
    stays: OnceLock<Duration>,
    /// Begins with the first node that is kept.
    term: OnceLock<Arc<Term>>,
    connection: OnceLock<UnixStream>,
    /// Held while a user changes the lab: one after the other.
    pub(super) turn: Mutex<()>,
    /// The faults that users have begun, with the names of node and network.
    faults: Mutex<Vec<([String; 2], u64)>>,
    /// Whether a user has switched a node off.
    is_partly_off: AtomicBool,
}

impl Holding {
    /// Returns that of a lab that was just asked for.
    pub(super) fn of(request: &LabRequest) -> Self {
        let holding = Self {
            decides: request.node.clone(),
            ..Self::default()
        };
        holding.may_be(request.hold);
        holding
    }

    /// Notes what the lease of a node says.
    pub(super) fn hear(&self, node: &str, keep_for: Option<Duration>) {
        if node == self.decides {
            self.may_be(keep_for);
        }
    }

    fn may_be(&self, stays: Option<Duration>) {
        if let Some(stays) = stays {
            // What was said first stands.
            let _ = self.stays.set(stays);
        }
    }

    /// Returns the time of all of its nodes, if it may be held.
    pub(super) fn term(&self) -> Option<Arc<Term>> {
        let stays = *self.stays.get()?;
        let term = self.term.get_or_init(|| Arc::new(Term::of(stays)));
        Some(Arc::clone(term))
    }

    /// Takes the holder's end of its connection, unless that has been taken; returns the time of the
    /// lab if one of its nodes is kept.
    pub(super) fn take(&self, connection: UnixStream) -> Option<Arc<Term>> {
        let term = self.term.get()?;
        self.connection.set(connection).ok()?;
        Some(Arc::clone(term))
    }

    /// Returns the holder's end of its connection, once the daemon has it.
    pub(super) fn connection(&self) -> Option<&UnixStream> {
        self.connection.get()
    }

    /// Returns whether a user has begun a fault of this link, of a node to a network.
    pub(super) fn has_fault(&self, link: [&str; 2]) -> bool {
        sync::lock(&self.faults).iter().any(|(of, _)| *of == link)
    }

    pub(super) fn note_fault(&self, link: [&str; 2], fault: u64) {
        let link = link.map(str::to_owned);
        sync::lock(&self.faults).push((link, fault));
    }

    /// Forgets the fault of this link, and returns its number.
    pub(super) fn end_of_fault(&self, link: [&str; 2]) -> Option<u64> {
        let mut faults = sync::lock(&self.faults);
        let at = faults.iter().position(|(of, _)| *of == link)?;
        Some(faults.swap_remove(at).1)
    }

    /// Notes that a user has switched a node off, maybe the last one.
    pub(super) fn note_off(&self) {
        self.is_partly_off.store(true, Ordering::SeqCst);
    }

    pub(super) fn has_been_switched_off(&self) -> bool {
        self.is_partly_off.load(Ordering::SeqCst)
    }

    pub(super) fn status(&self) -> Option<KeptStatus> {
        self.connection()?;
        Some(self.term.get()?.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(hold: Option<Duration>) -> LabRequest {
        LabRequest {
            lab: "office".to_owned(),
            node: "gw".to_owned(),
            program: String::new(),
            manifest_dir: "/".to_owned(),
            purpose: String::new(),
            at_site: Vec::new(),
            entry: None,
            hold,
        }
    }

    fn end() -> UnixStream {
        UnixStream::pair().unwrap().0
    }

    #[test]
    fn the_lease_of_the_tests_own_node_decides_whether_the_lab_may_be_held() {
        let holding = Holding::of(&request(None));
        let minute = Some(Duration::from_secs(60));
        holding.hear("a", minute);
        assert!(holding.term().is_none() && holding.take(end()).is_none());
        holding.hear("gw", minute);
        holding.hear("gw", Some(Duration::from_secs(600)));
        assert_eq!(holding.term().map(|term| term.stays()), minute);
    }

    #[test]
    fn each_link_has_one_fault_of_users_which_is_found_by_its_names() {
        let holding = Holding::of(&request(None));
        let (link, other) = (["gw", "lan"], ["gw", "wan"]);
        holding.note_fault(link, 7);
        assert!(holding.has_fault(link) && !holding.has_fault(other));
        assert_eq!(holding.end_of_fault(other), None);
        assert_eq!(holding.end_of_fault(link), Some(7));
        assert_eq!(holding.end_of_fault(link), None);
    }

    #[test]
    fn it_is_held_once_one_of_its_nodes_is_kept_and_only_once() {
        let holding = Holding::of(&request(Some(Duration::from_secs(60))));
        assert!(holding.take(end()).is_none(), "no node of it is kept");
        let term = holding.term().unwrap();
        assert!(holding.status().is_none());
        assert!(holding.take(end()).is_some());
        term.enter();
        assert!(holding.status().is_some_and(|status| status.attached));
        assert!(holding.take(end()).is_none());
    }
}
