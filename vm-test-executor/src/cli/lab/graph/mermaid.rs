//! The picture of a lab in the language of Mermaid, which code hosts draw in Markdown.

use super::escape::mermaid;
use super::labels;
use crate::config::lab::Lab;

/// Returns the picture.
pub(super) fn draw(lab: &Lab) -> String {
    let mut graph = "flowchart TB\n".to_owned();
    // Names of nodes may be words of Mermaid, as `end` is.
    for (number, network) in lab.networks.iter().enumerate() {
        let mut lines = vec![network.name.clone()];
        lines.extend(labels::of_network(lab, network));
        graph += &format!("  network{number}([{}])\n", mermaid(&lines));
    }
    for (number, node) in lab.nodes.iter().enumerate() {
        let lines = [node.name.clone(), labels::guest(node)];
        graph += &format!("  node{number}[{}]\n", mermaid(&lines));
        for port in &node.ports {
            let mut networks = lab.networks.iter();
            let Some(network) = networks.position(|network| network.name == port.network) else {
                continue;
            };
            let mut lines = vec![port.interface.clone()];
            lines.extend(labels::addresses(port));
            let label = mermaid(&lines);
            graph += &format!("  node{number} ---|{label}| network{network}\n");
        }
    }
    graph
}
