//! Turns rules into an nftables script. Knows nft's grammar; must not touch the host.

use crate::{Rule, Transport};
use std::net::Ipv4Addr;

/// Returns the script that makes a host a gateway with exactly these rules.
///
/// nft loads all of it or nothing. Adding the table first makes its removal work the first time,
/// too.
pub(crate) fn of(own: Ipv4Addr, rules: &[Rule]) -> String {
    let lines = |of_forwards: bool| {
        let chosen = rules
            .iter()
            .filter(|rule| matches!(rule, Rule::Forward(..)) == of_forwards);
        chosen
            .map(|rule| format!("\n    {}", line(own, rule)))
            .collect::<String>()
    };
    let (forwards, others) = (lines(true), lines(false));
    format!(
        "table ip gateway
delete table ip gateway
table ip gateway {{
  chain incoming {{
    type nat hook prerouting priority dstnat{forwards}
  }}
  chain passing {{
    type filter hook forward priority filter; policy drop
    ct state established,related accept
    ct status dnat accept{others}
  }}
}}
"
    )
}

fn line(own: Ipv4Addr, rule: &Rule) -> String {
    match rule {
        Rule::Forward(port, server) => {
            format!("ip daddr {own} tcp dport {port} dnat to {server}")
        }
        Rule::Pass(transport, first, last) => {
            format!("{} dport {first}-{last} accept", name(*transport))
        }
        Rule::Block(Transport::Tcp, port) => {
            format!("tcp dport {port} reject with tcp reset")
        }
        Rule::Block(Transport::Udp, port) => format!("udp dport {port} reject"),
    }
}

fn name(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwards_and_the_rest_are_in_the_chains_that_see_their_packets_in_their_order() {
        let rules = [
            Rule::Block(Transport::Udp, 5005),
            Rule::Forward(80, "10.2.0.2:88".parse().unwrap()),
            Rule::Pass(Transport::Udp, 5000, 5009),
        ];
        let script = of(Ipv4Addr::new(10, 1, 0, 1), &rules);
        let places: Vec<_> = [
            "chain incoming",
            "ip daddr 10.1.0.1 tcp dport 80 dnat to 10.2.0.2:88",
            "chain passing",
            "udp dport 5005 reject",
            "udp dport 5000-5009 accept",
        ]
        .iter()
        .map(|words| script.find(words).unwrap())
        .collect();
        assert!(places.is_sorted(), "{script}");
    }
}
