//! Which lab a request asks for, and what its keeper needs to know of it. Starts nothing.

use super::backend::{check_node, footprint};
use super::order::OnLab;
use super::tools::Tools;
use crate::config::lab::{self as config, Addresses, Lab, Node};
use crate::config::{Guest, HOST, Workspace};
use crate::host::programs;
use crate::keeper::lab::{Network, PACKET_FILTER, Port};
use std::net::IpAddr;
use std::path::Path;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{DRIVER, LabRequest, NodeAddress, NodeEntry, NodeLink};
use vm_test_protocol::machine;
use vm_test_settings::word::{enumerate, suggestion};

/// Returns the requested lab, with the driver if the test runs there.
///
/// # Errors
/// If there is no such lab or node, or this version cannot run one of its nodes.
pub(crate) fn lab(tools: &Tools, request: &LabRequest) -> Result<Lab, Failure> {
    let workspace = Workspace::find_among(&tools.readings, Path::new(&request.manifest_dir))?;
    let mut lab = match &*request.at_site {
        [] => workspace.lab(&request.lab)?,
        nodes => workspace.lab_at_site(&request.lab, nodes)?,
    };
    if request.node == DRIVER {
        lab.nodes.push(Node {
            name: DRIVER.to_owned(),
            guest: Guest::new(HOST)?,
            ports: Vec::new(),
            starts_off: false,
        });
    }
    // In a lab that is held, no body runs on any node.
    if request.hold.is_none() {
        check_own(&lab, &request.node)?;
    }
    for node in &lab.nodes {
        check_node(&node.guest)?;
    }
    check_routers(&lab)?;
    Ok(lab)
}

/// Refuses routers that this host cannot have.
fn check_routers(lab: &Lab) -> Result<(), Failure> {
    let routed = lab.networks.iter().find(|it| it.router.is_some());
    match (routed, programs::find(PACKET_FILTER)) {
        (Some(network), None) => Err(Failure::new(format!(
            "cannot start the router of network `{}` of lab `{}`: there is no {PACKET_FILTER}",
            network.name, lab.name
        ))
        .hint(
            "install it: apt-get install nftables (Debian, Ubuntu), dnf install nftables (Fedora)",
        )
        .missing()),
        _ => Ok(()),
    }
}

/// Checks that the body of a test can run on a node.
fn check_own(lab: &Lab, name: &str) -> Result<(), Failure> {
    let own = lab.nodes.iter().find(|node| node.name == name);
    let own = own.ok_or_else(|| unknown(lab, name))?;
    if own.starts_off {
        let lab = &lab.name;
        return Err(Failure::new(format!(
            "cannot run the test on node `{name}` of lab `{lab}`: it starts powered off"
        ))
        .hint("run the test on a node that is on, and have it switch this one on"));
    }
    Ok(())
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
        links: (node.ports.iter())
            .map(|port| NodeLink {
                network: port.network.clone(),
                interface: port.interface.clone(),
            })
            .collect(),
        addresses: node.ports.iter().flat_map(addresses).collect(),
        starts_off: node.starts_off,
    };
    lab.nodes.iter().map(entry).collect()
}

/// Returns what a client is told of the addresses of a port.
fn addresses(port: &config::Port) -> impl Iterator<Item = NodeAddress> {
    let of = |network: &str, address: IpAddr| NodeAddress {
        network: network.to_owned(),
        interface: port.interface.clone(),
        address,
    };
    let own = port
        .address
        .map(|Addresses { v4, v6 }| [v4.into(), v6.into()].map(|it| of(&port.network, it)));
    // Beyond a router it has another address, but no other interface.
    let mapped = port.mapped.as_ref();
    let mapped = mapped.map(|mapped| of(&mapped.network, mapped.v4.into()));
    own.into_iter().flatten().chain(mapped)
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
            // A router answers for the outside addresses of the nodes behind it.
            let forwarding = port.forwarding.iter();
            let others = forwarding.flat_map(|forwarding| &forwarding.mapped);
            let others = others.map(|(_, outside)| ((*outside).into(), Addresses::V4_PREFIX));
            Some(Port {
                node: number?,
                network,
                interface: port.interface.clone(),
                hardware: port.hardware,
                addresses: addresses.into_iter().flatten().chain(others).collect(),
                routes: port.routes.clone(),
                forwarding: port.forwarding.clone(),
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
                routes: port.routes,
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
