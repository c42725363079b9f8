//! The whole gateway in one test, as the documentation shows it: every rule, in one body.

use gateway::{Site, join_vlan, open, rules};
use std::net::Ipv4Addr;
use vm_test::tools::{Vlan, filter};
use vm_test::{Node, lab, on_vm};

const OUTSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 92, 1);
const INSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 93, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(192, 168, 93, 2);
const ARCHIVE: Ipv4Addr = Ipv4Addr::new(192, 168, 93, 3);

/// Joins a node to a VLAN, and has it send everything else to the gateway.
fn join(node: Node, id: u16, address: &str, gateway: Ipv4Addr) -> Vlan {
    let vlan = node.vlan("cable", id, address);
    let gateway = gateway.to_string();
    let route = ["ip", "route", "add", "default", "via", &gateway];
    node.command(route).succeed();
    vlan
}

#[on_vm(lab = "vlans", node = "gateway")]
#[test]
fn the_gateway_forwards_routes_and_blocks() {
    join_vlan("eth0", 92, OUTSIDE).unwrap();
    join_vlan("eth0", 93, INSIDE).unwrap();
    let site = Site {
        server: SERVER,
        archive: ARCHIVE,
    };
    open(OUTSIDE, &rules(&site)).unwrap();
    let [client, server, archive] = ["client", "server", "archive"].map(|name| lab().node(name));
    let _client = join(client, 92, "192.168.92.2/24", OUTSIDE);
    let _server = join(server, 93, "192.168.93.2/24", INSIDE);
    let _archive = join(archive, 93, "192.168.93.3/24", INSIDE);
    let _site = server.tcp_server((SERVER, 88), "site");
    let _old = archive.tcp_server((ARCHIVE, 88), "old");
    let _routed = server.tcp_server((SERVER, 7000), "routed");
    for (port, answer) in [(80, "site"), (44444, "old"), (88, "site")] {
        assert_eq!(client.connect((OUTSIDE, port)).reply(), answer.as_bytes());
    }
    assert_eq!(client.connect((SERVER, 7000)).reply(), b"routed");
    assert!(client.connect((SERVER, 7005)).try_reply().is_err());
    for (port, times) in [(5000, 3..=3), (5005, 0..=0)] {
        let sniffer = server.sniff("cable", filter().vlan(93).udp().to_port(port));
        client.udp_send((SERVER, port), "hello").count(3).send();
        sniffer.expect(times);
    }
}
