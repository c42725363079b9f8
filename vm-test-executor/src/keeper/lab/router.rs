//! What makes a network namespace a router: forwarding, and the rules of its packet filter. Knows no
//! lab.
//!
//! Addresses of version 4 are translated, those of version 6 only routed. What begins outside gets
//! inside only where the translation says so, and with version 6 only through a one-to-one router.

use super::messages::Port;
use crate::config::lab::{Forwarding, Translation};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};

/// The program that sets the rules of the kernel's packet filter.
pub const PACKET_FILTER: &str = "nft";

/// How long anybody may answer to a port after the node behind it has last sent from there.
const REMEMBERED: &str = "5m";

/// Makes the present network namespace a router, if the port says so. All its ports are up.
pub(super) fn make(port: &Port) -> io::Result<()> {
    let Some(forwarding) = &port.forwarding else {
        return Ok(());
    };
    let own = port
        .addresses
        .iter()
        .find_map(|(address, _)| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        });
    let own = own.ok_or(ErrorKind::InvalidInput)?;
    // Before anything is forwarded.
    apply(&rules(forwarding, &port.interface, own))?;
    fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;
    match fs::write("/proc/sys/net/ipv6/conf/all/forwarding", "1") {
        // This kernel has no IP version 6.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Returns the rules of a router whose outside interface has this address.
fn rules(forwarding: &Forwarding, outside: &str, own: Ipv4Addr) -> String {
    let inside = &forwarding.inside;
    let inbound = match forwarding.translation {
        Translation::Easy | Translation::Hard => String::new(),
        Translation::OneToOne => {
            format!("        iifname \"{outside}\" meta nfproto ipv6 accept\n")
        }
    };
    let filter = format!(
        "table inet router {{
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state invalid drop
        ct state {{ established, related }} accept
        iifname \"{inside}\" oifname \"{outside}\" accept
        iifname \"{outside}\" ct status dnat accept
{inbound}    }}
}}
"
    );
    let translation = match forwarding.translation {
        Translation::Easy => format!(
            "table ip router {{
    map senders {{
        type inet_proto . inet_service : ipv4_addr . inet_service
        flags dynamic, timeout
        timeout {REMEMBERED}
        size 65535
    }}
    chain prerouting {{
        type nat hook prerouting priority dstnat;
        iifname \"{outside}\" ip daddr {own} meta l4proto {{ tcp, udp }} dnat ip to meta l4proto . th dport map @senders
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat;
        oifname \"{outside}\" ip saddr != {own} masquerade persistent
    }}
    chain remember {{
        type filter hook postrouting priority 300;
        oifname \"{outside}\" ct direction original ct original ip saddr != {own} meta l4proto {{ tcp, udp }} update @senders {{ meta l4proto . th sport : ct original ip saddr . ct original proto-src }}
    }}
}}
"
        ),
        Translation::Hard => format!(
            "table ip router {{
    chain postrouting {{
        type nat hook postrouting priority srcnat;
        oifname \"{outside}\" ip saddr != {own} masquerade fully-random
    }}
}}
"
        ),
        Translation::OneToOne if forwarding.mapped.is_empty() => String::new(),
        Translation::OneToOne => {
            let pairs = |pair: fn(&(Ipv4Addr, Ipv4Addr)) -> String| {
                let pairs: Vec<_> = forwarding.mapped.iter().map(pair).collect();
                pairs.join(", ")
            };
            let there = pairs(|(inside, outside)| format!("{inside} : {outside}"));
            let back = pairs(|(inside, outside)| format!("{outside} : {inside}"));
            format!(
                "table ip router {{
    chain prerouting {{
        type nat hook prerouting priority dstnat;
        iifname \"{outside}\" dnat ip to ip daddr map {{ {back} }}
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat;
        oifname \"{outside}\" snat ip to ip saddr map {{ {there} }}
    }}
}}
"
            )
        }
    };
    filter + &translation
}

/// Sets rules of the packet filter in the present network namespace.
pub(super) fn apply(rules: &str) -> io::Result<()> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{PACKET_FILTER}: {error}"));
    let mut program = Command::new(PACKET_FILTER)
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(named)?;
    if let Some(mut stdin) = program.stdin.take() {
        // If it does not read them, it has a reason, which is told below.
        let _ = stdin.write_all(rules.as_bytes());
    }
    let ended = program.wait_with_output().map_err(named)?;
    if ended.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&ended.stderr);
    let words = words.lines().next().unwrap_or("it says nothing");
    Err(io::Error::other(format!(
        "{PACKET_FILTER} refuses its rules: {words}"
    )))
}

#[cfg(test)]
mod tests;
