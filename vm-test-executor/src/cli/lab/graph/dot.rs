//! The picture of a lab in the language of Graphviz.

use super::escape::dot;
use super::labels;
use crate::config::lab::Lab;

/// Returns the picture.
pub(super) fn draw(lab: &Lab) -> String {
    let name = |kind: &str, name: &str| dot(&[format!("{kind} {name}")]);
    let mut graph = format!("graph {} {{\n", dot(std::slice::from_ref(&lab.name)));
    graph += "  node [shape=box, fontname=\"monospace\"];\n  edge [fontname=\"monospace\"];\n";
    for network in &lab.networks {
        let mut lines = vec![network.name.clone()];
        lines.extend(labels::of_network(lab, network));
        graph += &format!(
            "  {} [shape=ellipse, label={}];\n",
            name("network", &network.name),
            dot(&lines)
        );
    }
    for node in &lab.nodes {
        let lines = [node.name.clone(), labels::guest(node)];
        let node_name = name("node", &node.name);
        graph += &format!("  {node_name} [label={}];\n", dot(&lines));
        for port in &node.ports {
            let mut lines = vec![port.interface.clone()];
            lines.extend(labels::addresses(port));
            let network = name("network", &port.network);
            graph += &format!("  {node_name} -- {network} [label={}];\n", dot(&lines));
        }
    }
    graph + "}\n"
}
