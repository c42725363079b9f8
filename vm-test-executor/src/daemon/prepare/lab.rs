//! Which lab a request asks for, and what its keeper needs to know of it. Starts nothing.

use super::backend::{check_node, footprint};
use super::order::OnLab;
use crate::config::lab::{Addresses, Lab, Node};
use crate::config::{Guest, HOST, Workspace};
use crate::keeper::lab::{Network, Port};
use std::path::Path;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{DRIVER, LabRequest, NodeAddress, NodeEntry};
use vm_test_protocol::machine;
use vm_test_settings::word::{enumerate, suggestion};

/// Returns the requested lab, with the driver if the test runs there.
///
/// # Errors
/// If there is no such lab or node, or this version cannot run one of its nodes.
pub(crate) fn lab(request: &LabRequest) -> Result<Lab, Failure> {
    let workspace = Workspace::find(Path::new(&request.manifest_dir))?;
    let mut lab = workspace.lab(&request.lab)?;
    if request.hold.is_some() {
        // No body runs on any of its nodes.
    } else if request.node == DRIVER {
        lab.nodes.push(Node {
            name: DRIVER.to_owned(),
            guest: Guest::new(HOST)?,
            ports: Vec::new(),
        });
    } else if !lab.nodes.iter().any(|node| node.name == request.node) {
        return Err(unknown(&lab, &request.node));
    }
    for node in &lab.nodes {
        check_node(&node.guest)?;
    }
    Ok(lab)
}

fn unknown(lab: &Lab, name: &str) -> Failure {
    let names = || lab.nodes.iter().map(|node| node.name.as_str());
    let failure = Failure::new(format!(
        "cannot run the test on node `{name}` of lab `{}`: the lab has no such node",
        lab.name
    ));
    failure.hint(match suggestion(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its nodes are {}", enumerate(names(), "`", "and")),
    })
}

/// Returns how much memory and how many processors all of its nodes use together.
pub(crate) fn needs(lab: &Lab) -> (u64, u32) {
    let guests = || lab.nodes.iter().map(|node| &node.guest);
    (
        guests().map(footprint).sum(),
        guests().map(|guest| guest.cpus).sum(),
    )
}

/// Returns its networks.
pub(crate) fn networks(lab: &Lab) -> Vec<Network> {
    let networks = lab.networks.iter();
    networks
        .map(|network| Network { mtu: network.mtu })
        .collect()
}

/// Returns what a client is told of its nodes.
pub(crate) fn entries(lab: &Lab) -> Vec<NodeEntry> {
    let entry = |node: &Node| NodeEntry {
        name: node.name.clone(),
        guest: node.guest.name.clone(),
        addresses: node
            .ports
            .iter()
            .flat_map(|port| {
                let both = port.address.map(|address| {
                    [address.v4.into(), address.v6.into()].map(|address| NodeAddress {
                        network: port.network.clone(),
                        interface: port.interface.clone(),
                        address,
                    })
                });
                both.into_iter().flatten()
            })
            .collect(),
    };
    lab.nodes.iter().map(entry).collect()
}

/// Returns the links of a node to the lab's networks.
pub(crate) fn ports(lab: &Lab, node: &Node) -> Vec<Port> {
    let mut nodes = lab.nodes.iter();
    let number = nodes.position(|other| other.name == node.name);
    node.ports
        .iter()
        .filter_map(|port| {
            let mut networks = lab.networks.iter();
            let network = networks.position(|network| network.name == port.network)?;
            let addresses = port.address.map(|Addresses { v4, v6 }| {
                [
                    (v4.into(), Addresses::V4_PREFIX),
                    (v6.into(), Addresses::V6_PREFIX),
                ]
            });
            Some(Port {
                node: number?,
                network,
                interface: port.interface.clone(),
                hardware: port.hardware,
                addresses: addresses.into_iter().flatten().collect(),
            })
        })
        .collect()
}

/// Returns what makes an instance this node.
pub(crate) fn on_lab(lab: &Lab, node: &Node) -> OnLab {
    let links = ports(lab, node).into_iter();
    OnLab {
        hosts: hosts(lab, &node.name),
        ports: links
            .map(|port| machine::Port {
                mtu: lab.networks[port.network].mtu,
                interface: port.interface,
                hardware: port.hardware,
                addresses: port.addresses,
            })
            .collect(),
    }
}

/// Returns the lines of `/etc/hosts` about the nodes other than this one.
fn hosts(lab: &Lab, node: &str) -> String {
    let hosts = lab.hosts();
    let is_other = |line: &&str| line.split_whitespace().nth(1) != Some(node);
    let others = hosts.lines().filter(is_other);
    others.map(|line| format!("{line}\n")).collect()
}
