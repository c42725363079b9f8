//! The gateway between two VLANs on one cable, on VMs: the test's body is the gateway, and drives
//! the client and the servers. Each test is about one rule.

mod checks;

use checks::{Ready, send_through};
use gateway::{Site, join_vlan, open, rules};
use std::net::Ipv4Addr;
use vm_test::{lab, on_vm};

const OUTSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 92, 1);
const INSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 93, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(192, 168, 93, 2);
const ARCHIVE: Ipv4Addr = Ipv4Addr::new(192, 168, 93, 3);

/// Makes this node the gateway of the site, and joins the others to their VLANs.
fn ready() -> Ready {
    let lab = lab();
    let [client, server, archive] = ["client", "server", "archive"].map(|name| lab.node(name));
    join_vlan("eth0", 92, OUTSIDE).unwrap();
    join_vlan("eth0", 93, INSIDE).unwrap();
    let site = Site {
        server: SERVER,
        archive: ARCHIVE,
    };
    open(OUTSIDE, &rules(&site)).unwrap();
    let vlans = vec![
        client.vlan("cable", 92, "192.168.92.2/24"),
        server.vlan("cable", 93, "192.168.93.2/24"),
        archive.vlan("cable", 93, "192.168.93.3/24"),
    ];
    send_through(&client, OUTSIDE);
    send_through(&server, INSIDE);
    send_through(&archive, INSIDE);
    Ready {
        client,
        server,
        archive,
        gateway: OUTSIDE,
        server_at: SERVER,
        archive_at: ARCHIVE,
        network: "cable",
        _vlans: vlans,
    }
}

#[on_vm(lab = "vlans", node = "gateway")]
#[test]
fn port_80_leads_to_the_server() {
    ready().port_80_leads_to_the_server();
}

#[on_vm(lab = "vlans", node = "gateway")]
#[test]
fn port_44444_leads_to_the_archive() {
    ready().port_44444_leads_to_the_archive();
}

#[on_vm(lab = "vlans", node = "gateway")]
#[test]
fn port_88_leads_to_the_server() {
    ready().port_88_leads_to_the_server();
}

#[on_vm(lab = "vlans", node = "gateway")]
#[test]
fn tcp_to_a_port_that_passes_is_routed() {
    ready().tcp_to_a_port_that_passes_is_routed();
}

#[on_vm(lab = "vlans", node = "gateway")]
#[test]
fn tcp_to_a_blocked_port_is_refused() {
    ready().tcp_to_a_blocked_port_is_refused();
}

#[on_vm(lab = "vlans", node = "gateway")]
#[test]
fn udp_to_a_port_that_passes_arrives_as_often_as_it_is_sent() {
    ready().udp_to_a_port_that_passes_arrives_as_often_as_it_is_sent();
}

#[on_vm(lab = "vlans", node = "gateway")]
#[test]
fn udp_to_a_blocked_port_never_arrives() {
    ready().udp_to_a_blocked_port_never_arrives();
}
