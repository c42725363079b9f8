//! The gateway between two networks, on containers: the test's body is the gateway, and drives the
//! client and the servers. Each test is about one rule.

mod checks;

use checks::{Ready, send_through};
use gateway::{Site, open, rules};
use std::net::IpAddr;
use vm_test::{lab, on_vm};

/// Makes this node the gateway of the site.
fn ready() -> Ready {
    let lab = lab();
    let address = |node, network| match lab.address(node, network) {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => panic!("the first address is an IPv4 address"),
    };
    let [client, server, archive] = ["client", "server", "archive"].map(|name| lab.node(name));
    let (outside, inside) = (address("gateway", "outside"), address("gateway", "inside"));
    let site = Site {
        server: address("server", "inside"),
        archive: address("archive", "inside"),
    };
    open(outside, &rules(&site)).unwrap();
    send_through(&client, outside);
    send_through(&server, inside);
    send_through(&archive, inside);
    Ready {
        client,
        server,
        archive,
        gateway: outside,
        server_at: site.server,
        archive_at: site.archive,
        network: "inside",
        _vlans: Vec::new(),
    }
}

#[on_vm(lab = "plain", node = "gateway")]
#[test]
fn port_80_leads_to_the_server() {
    ready().port_80_leads_to_the_server();
}

#[on_vm(lab = "plain", node = "gateway")]
#[test]
fn port_44444_leads_to_the_archive() {
    ready().port_44444_leads_to_the_archive();
}

#[on_vm(lab = "plain", node = "gateway")]
#[test]
fn port_88_leads_to_the_server() {
    ready().port_88_leads_to_the_server();
}

#[on_vm(lab = "plain", node = "gateway")]
#[test]
fn tcp_to_a_port_that_passes_is_routed() {
    ready().tcp_to_a_port_that_passes_is_routed();
}

#[on_vm(lab = "plain", node = "gateway")]
#[test]
fn tcp_to_a_blocked_port_is_refused() {
    ready().tcp_to_a_blocked_port_is_refused();
}

#[on_vm(lab = "plain", node = "gateway")]
#[test]
fn udp_to_a_port_that_passes_arrives_as_often_as_it_is_sent() {
    ready().udp_to_a_port_that_passes_arrives_as_often_as_it_is_sent();
}

#[on_vm(lab = "plain", node = "gateway")]
#[test]
fn udp_to_a_blocked_port_never_arrives() {
    ready().udp_to_a_blocked_port_never_arrives();
}
