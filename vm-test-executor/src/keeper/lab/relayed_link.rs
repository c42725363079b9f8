//! The link of a node while it is in the relay. Carries nothing itself.

use super::lane::Lane;
use super::outlet::Outlet;
use super::way::Way;

/// The link of a node.
#[derive(Debug)]
pub(super) struct RelayedLink {
    pub(super) interface: String,
    pub(super) packets: Outlet,
    /// How many segments a frame of the node could have, if that is limited now.
    pub(super) segments: Option<u32>,
    from_node: Lane,
    to_node: Lane,
}

impl RelayedLink {
    pub(super) fn new(interface: String, packets: Outlet) -> Self {
        Self {
            interface,
            packets,
            segments: None,
            from_node: Lane::default(),
            to_node: Lane::default(),
        }
    }

    /// Returns the lane of one direction.
    pub(super) fn lane(&mut self, way: Way) -> &mut Lane {
        match way {
            Way::FromNode => &mut self.from_node,
            Way::ToNode => &mut self.to_node,
        }
    }

    /// Returns the lanes of both directions.
    pub(super) fn lanes(&self) -> impl Iterator<Item = &Lane> {
        [&self.from_node, &self.to_node].into_iter()
    }
}
