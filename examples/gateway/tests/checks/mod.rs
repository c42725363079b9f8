//! What the tests on both labs check, given a site that is ready. Must not know how its networks are
//! made: what counts is who receives which bytes.

use std::net::Ipv4Addr;
use vm_test::Node;
use vm_test::tools::{Vlan, filter};

/// The client, the servers, and where they are.
pub(crate) struct Ready {
    pub(crate) client: Node,
    pub(crate) server: Node,
    pub(crate) archive: Node,
    /// The gateway's address on the client's network.
    pub(crate) gateway: Ipv4Addr,
    pub(crate) server_at: Ipv4Addr,
    pub(crate) archive_at: Ipv4Addr,
    /// The network on which the server's frames arrive.
    pub(crate) network: &'static str,
    /// They are there as long as the test.
    pub(crate) _vlans: Vec<Vlan>,
}

/// Has a node send what is for other networks to the gateway.
pub(crate) fn send_through(node: &Node, gateway: Ipv4Addr) {
    let gateway = gateway.to_string();
    let words = ["ip", "route", "add", "default", "via", &gateway];
    node.command(words).succeed();
}

impl Ready {
    pub(crate) fn port_80_leads_to_the_server(&self) {
        let _site = self.server.tcp_server((self.server_at, 88), "the site");
        assert_eq!(self.client.connect((self.gateway, 80)).reply(), b"the site");
    }

    pub(crate) fn port_44444_leads_to_the_archive(&self) {
        let _archive = self
            .archive
            .tcp_server((self.archive_at, 88), "the archive");
        let reply = self.client.connect((self.gateway, 44444)).reply();
        assert_eq!(reply, b"the archive");
    }

    pub(crate) fn port_88_leads_to_the_server(&self) {
        let _site = self.server.tcp_server((self.server_at, 88), "the site");
        assert_eq!(self.client.connect((self.gateway, 88)).reply(), b"the site");
    }

    pub(crate) fn tcp_to_a_port_that_passes_is_routed(&self) {
        let _server = self.server.tcp_server((self.server_at, 7000), "routed");
        assert_eq!(
            self.client.connect((self.server_at, 7000)).reply(),
            b"routed"
        );
    }

    pub(crate) fn tcp_to_a_blocked_port_is_refused(&self) {
        let _server = self.server.tcp_server((self.server_at, 7005), "not this");
        let error = self.client.connect((self.server_at, 7005)).try_reply();
        assert!(error.unwrap_err().is_refused());
    }

    pub(crate) fn udp_to_a_port_that_passes_arrives_as_often_as_it_is_sent(&self) {
        let sniffer = self
            .server
            .sniff(self.network, filter().udp().to_port(5000));
        self.client
            .udp_send((self.server_at, 5000), "hello")
            .count(5)
            .send();
        sniffer.expect(5..=5);
    }

    pub(crate) fn udp_to_a_blocked_port_never_arrives(&self) {
        let sniffer = self
            .server
            .sniff(self.network, filter().udp().to_port(5005));
        self.client
            .udp_send((self.server_at, 5005), "hello")
            .count(5)
            .send();
        sniffer.expect(0..=0);
    }
}
