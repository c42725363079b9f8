//! `interfaces`: what a test finds to configure.

use crate::bench::{Bench, Kind};

/// Makes `$1` and `$2` two hosts, and connects from one to the other, where nobody listens.
const CONNECT: &str = r#"
    ls /sys/class/net | tr '\n' ' '
    for each in $1 $2; do cat /sys/class/net/$each/carrier; ip -o -4 address show dev $each; done
    ip netns add other && ip link set $2 netns other && ip address add 10.9.0.1/24 dev $1 \
        && ip -n other address add 10.9.0.2/24 dev $2 && ip -n other link set $2 up || exit 1
    perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr => "10.9.0.2:9", Timeout => 10); print "$!\n"'
"#;

fn are_hosts_on_one_network(kind: Kind, settings: &str, names: [&str; 2], all: &str) {
    let bench = Bench::new(kind, settings);
    let script = format!("set -- {}; {CONNECT}", names.join(" "));
    for _ in 0..2 {
        assert_eq!(
            bench.output(&script),
            format!("{all} 1\n1\nConnection refused\n")
        );
    }
}

#[test]
fn a_containers_interfaces_are_hosts_on_one_network() {
    are_hosts_on_one_network(
        Kind::Container,
        "interfaces = 2\n",
        ["eth0", "eth1"],
        "eth0 eth1 lo",
    );
}

#[test]
fn a_vms_interfaces_are_hosts_on_one_network() {
    are_hosts_on_one_network(
        Kind::Vm,
        "interfaces = 2\n",
        ["eth0", "eth1"],
        "eth0 eth1 lo",
    );
}

mod as_root_in_full {
    use super::{Kind, are_hosts_on_one_network};

    const WITH_A_WAY_OUT: &str = "interfaces = 3\nnetwork = \"user\"\n";

    #[test]
    fn a_container_with_a_way_out_has_two_more() {
        let names = ["eth1", "eth2"];
        are_hosts_on_one_network(Kind::Container, WITH_A_WAY_OUT, names, "eth0 eth1 eth2 lo");
    }

    #[test]
    fn a_vm_with_a_way_out_has_two_more() {
        let names = ["eth1", "eth2"];
        are_hosts_on_one_network(Kind::Vm, WITH_A_WAY_OUT, names, "eth0 eth1 eth2 lo");
    }
}
