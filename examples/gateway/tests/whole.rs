//! The whole gateway in one test, as the documentation shows it: every rule, in one body.

use gateway::{Site, join_vlan, open, rules};
use vm_test::tools::filter;
use vm_test::{lab, on_vm};

#[on_vm(lab = "vlans", node = "gateway")]
#[test]
fn the_gateway_forwards_routes_and_blocks() {
    let lab = lab();
    let [client, server, archive] = ["client", "server", "archive"].map(|name| lab.node(name));
    let [outside, inside] = [[192, 168, 92, 1].into(), [192, 168, 93, 1].into()];
    let site = Site { server: [192, 168, 93, 2].into(), archive: [192, 168, 93, 3].into() };
    join_vlan("eth0", 92, outside).unwrap();
    join_vlan("eth0", 93, inside).unwrap();
    open(outside, &rules(&site)).unwrap();
    let _client = client.vlan("cable", 92, "192.168.92.2/24");
    let _server = server.vlan("cable", 93, "192.168.93.2/24");
    let _archive = archive.vlan("cable", 93, "192.168.93.3/24");
    for (node, via) in [(client, "192.168.92.1"), (server, "192.168.93.1"), (archive, "192.168.93.1")] {
        node.command(["ip", "route", "add", "default", "via", via]).succeed();
    }
    let _site = server.tcp_server((site.server, 88), "site");
    let _old = archive.tcp_server((site.archive, 88), "old");
    let _routed = server.tcp_server((site.server, 7000), "routed");
    for (port, answer) in [(80, "site"), (44444, "old"), (88, "site")] {
        assert_eq!(client.connect((outside, port)).reply(), answer.as_bytes());
    }
    assert_eq!(client.connect((site.server, 7000)).reply(), b"routed");
    assert!(client.connect((site.server, 7005)).try_reply().is_err());
    for (port, times) in [(5000, 3..=3), (5005, 0..=0)] {
        let sniffer = server.sniff("cable", filter().vlan(93).udp().to_port(port));
        client.udp_send((site.server, port), "hello").count(3).send();
        sniffer.expect(times);
    }
}
