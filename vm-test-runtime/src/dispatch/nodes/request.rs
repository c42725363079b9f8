//! How the nodes of a test's lab are asked for. Asks for nothing.

use crate::site::LabSite;
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_protocol::lab::{NodeAtSite, NodeEntry, NodeOfLab};

/// Returns the nodes that the site declares.
pub(super) fn at_site(lab: LabSite) -> Vec<NodeAtSite> {
    let nodes = lab.nodes.iter();
    nodes
        .map(|(name, guest)| NodeAtSite {
            name: (*name).to_owned(),
            guest: (*guest).to_owned(),
        })
        .collect()
}

/// Returns the request for a node.
pub(super) fn of_node(
    template: &LeaseRequest,
    lab: &str,
    entry: &NodeEntry,
    own: &str,
) -> LeaseRequest {
    let is_own = entry.name == own;
    LeaseRequest {
        guest: entry.name.clone(),
        node: Some(NodeOfLab {
            lab: lab.to_owned(),
            node: entry.name.clone(),
        }),
        // What the site sets is for the node that the test runs on, as are the test's times.
        settings: if is_own {
            template.settings.clone()
        } else {
            Vec::new()
        },
        entry: template.entry.clone().filter(|_| is_own),
        ..template.clone()
    }
}
