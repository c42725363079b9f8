//! Where faults are: on a node of the lab, or in the guest that the test's body runs in.

use super::super::handle::Node;
use super::super::tools::line::Line;
use crate::here::Here;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::tool::Tool;

/// The faults that a node, or the guest of a test, can have; each method begins one, which ends
/// when its guard is dropped.
#[derive(Clone, Copy, Debug)]
#[must_use = "choose a fault"]
pub struct NodeFaults {
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Node(Node),
    Here(Here),
}

impl Node {
    /// Returns the faults that the node can have.
    pub fn faults(&self) -> NodeFaults {
        let place = Place::Node(*self);
        NodeFaults { place }
    }
}

impl Here {
    /// Returns the faults that this guest can have.
    ///
    /// The body of a test begins them, not a program that it starts.
    pub fn faults(self) -> NodeFaults {
        let place = Place::Here(self);
        NodeFaults { place }
    }
}

impl NodeFaults {
    /// Has a tool begin there.
    pub(super) fn open(self, tool: Tool) -> Result<Line, Failure> {
        match self.place {
            Place::Node(node) => Line::open(node, tool),
            Place::Here(here) => Line::here(here.name(), &tool),
        }
    }
}
