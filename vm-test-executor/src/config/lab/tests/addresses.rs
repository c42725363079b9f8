//! The addresses of ports, and the hosts file that says them.

use super::super::parts::{MOST_NETWORKS, MOST_NODES};
use super::super::{Addresses, Port};
use super::{OFFICE, office, with_nodes};
use std::collections::BTreeSet;

#[test]
fn a_node_has_an_interface_for_each_of_its_networks_and_no_address_on_a_trunk() {
    let lab = office(OFFICE).unwrap();
    let ports: Vec<_> = lab.nodes[0]
        .ports
        .iter()
        .map(|port| (&*port.network, &*port.interface, port.hardware))
        .collect();
    assert_eq!(
        ports,
        [
            ("lan", "eth0", [0x02, 0x76, 0x6d, 0, 2, 1]),
            ("phys", "eth1", [0x02, 0x76, 0x6d, 0, 1, 1]),
        ]
    );
    let addresses = Addresses {
        v4: "10.213.2.1".parse().unwrap(),
        v6: "fd76:6d2d:7465:2::1".parse().unwrap(),
    };
    assert_eq!(lab.nodes[0].ports[0].address, Some(addresses));
    assert_eq!(lab.nodes[0].ports[1].address, None);
    assert!(lab.nodes[1].ports.is_empty());
    assert_eq!(office(OFFICE).unwrap(), lab);
}

#[test]
fn every_node_is_in_the_hosts_file_with_its_first_network_first() {
    let lab = office(OFFICE).unwrap();
    assert_eq!(
        lab.hosts(),
        "10.213.2.1 gw\nfd76:6d2d:7465:2::1 gw\n10.213.2.3 t1\nfd76:6d2d:7465:2::3 t1\n"
    );
    let lab = with_nodes("gw = { guest = \"host\", networks = [\"wan\", \"lan\"] }").unwrap();
    assert_eq!(
        lab.hosts(),
        "10.213.2.1 gw\nfd76:6d2d:7465:2::1 gw\n10.213.1.1 gw\nfd76:6d2d:7465:1::1 gw\n"
    );
}

#[test]
fn the_largest_lab_has_an_address_of_its_own_for_each_port() {
    let networks: String = (0..MOST_NETWORKS)
        .map(|network| format!("n{network} = {{}}\n"))
        .collect();
    let nodes: String = (0..MOST_NODES)
        .map(|node| {
            let networks: Vec<String> = (0..8)
                .map(|port| format!("\"n{}\"", (node + port) % MOST_NETWORKS))
                .collect();
            let networks = networks.join(", ");
            format!("a{node} = {{ guest = \"host\", networks = [{networks}] }}\n")
        })
        .collect();
    let text = format!("[lab.office.networks]\n{networks}[lab.office.nodes]\n{nodes}");
    let lab = office(&text).unwrap();
    let ports: Vec<_> = lab.nodes.iter().flat_map(|node| &node.ports).collect();
    assert_eq!(ports.len(), MOST_NODES * 8);
    let hardware: BTreeSet<_> = ports.iter().map(|port| port.hardware).collect();
    assert_eq!(hardware.len(), ports.len());
    // Of one interface, and locally administered.
    assert!(hardware.iter().all(|address| address[0] & 0b11 == 0b10));
    let addresses: BTreeSet<_> = ports
        .iter()
        .filter_map(|port| port.address)
        .map(|Addresses { v4, v6 }| (v4, v6))
        .collect();
    assert_eq!(addresses.len(), ports.len());
    assert!(
        addresses
            .iter()
            .all(|(v4, v6)| v4.is_private() && v6.is_unique_local())
    );
    let prefix = |port: &Port| {
        let Addresses { v4, v6 } = port.address.unwrap();
        let of_v4 = u32::from(v4) >> (32 - Addresses::V4_PREFIX);
        (of_v4, u128::from(v6) >> (128 - Addresses::V6_PREFIX))
    };
    let prefixes: BTreeSet<_> = ports
        .iter()
        .map(|port| (&port.network, prefix(port)))
        .collect();
    assert_eq!(prefixes.len(), MOST_NETWORKS, "a network has one prefix");
    let prefixes: BTreeSet<_> = prefixes.iter().map(|(_, prefix)| prefix).collect();
    assert_eq!(prefixes.len(), MOST_NETWORKS, "no two have the same");
}
