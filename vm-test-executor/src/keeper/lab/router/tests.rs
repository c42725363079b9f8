//! The rules of each kind of router, as the packet filter gets them.

use super::*;

fn of(translation: Translation, mapped: &[(Ipv4Addr, Ipv4Addr)]) -> String {
    let forwarding = Forwarding {
        translation,
        inside: "eth0".to_owned(),
        mapped: mapped.to_vec(),
    };
    rules(&forwarding, "eth1", Ipv4Addr::new(10, 213, 2, 253))
}

#[test]
fn what_begins_outside_is_dropped_unless_it_was_translated() {
    for translation in [Translation::Easy, Translation::Hard, Translation::OneToOne] {
        let rules = of(translation, &[]);
        assert!(rules.contains("hook forward priority filter; policy drop;"));
        assert!(rules.contains("iifname \"eth0\" oifname \"eth1\" accept"));
        assert!(rules.contains("iifname \"eth1\" ct status dnat accept"));
        let all_of_version_6 = rules.contains("iifname \"eth1\" meta nfproto ipv6 accept");
        assert_eq!(all_of_version_6, translation == Translation::OneToOne);
    }
}

#[test]
fn each_kind_translates_as_it_says() {
    let easy = of(Translation::Easy, &[]);
    assert!(easy.contains("ip saddr != 10.213.2.253 masquerade persistent"));
    assert!(easy.contains("ip daddr 10.213.2.253 meta l4proto { tcp, udp } dnat ip to"));
    let hard = of(Translation::Hard, &[]);
    assert!(hard.contains("masquerade fully-random"));
    assert!(!hard.contains("dnat ip to"));
    let pairs = [1, 2].map(|node| {
        let of = |network: u8, host: u8| Ipv4Addr::new(10, 213, network, host);
        (of(1, node), of(2, 100 + node))
    });
    let mapped = of(Translation::OneToOne, &pairs);
    assert!(mapped.contains(
        "dnat ip to ip daddr map { 10.213.2.101 : 10.213.1.1, 10.213.2.102 : 10.213.1.2 }"
    ));
    assert!(mapped.contains(
        "snat ip to ip saddr map { 10.213.1.1 : 10.213.2.101, 10.213.1.2 : 10.213.2.102 }"
    ));
    assert!(!of(Translation::OneToOne, &[]).contains("table ip"));
}
