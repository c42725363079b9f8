//! Proxies before ports of nodes: each is a process of its own in the lab's network namespace, to
//! which rules of the packet filter lead what other nodes send to the port. It reads no byte of
//! what they carry.
//!
//! The bridges hand frames for the port to this namespace instead of forwarding them. Nothing else
//! that a node sends gets in.

use super::ipv6::set;
use super::links::Links;
use super::router::apply;
use crate::proxy::{self, FromProxy, Place, Start, ToProxy};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Error, ErrorKind};
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use vm_test_protocol::frame;
use vm_test_protocol::proxy::{MOST_PROXIES, ProxyReport};

/// How long a proxy may take to answer. It has nothing to wait for.
const ANSWER: Duration = Duration::from_secs(5);

/// What nodes may send to this namespace: what was led to a proxy, and the answers to proxies.
const GUARD: &str = "table inet guard {
    chain input {
        type filter hook input priority filter; policy drop;
        iifname \"lo\" accept
        ct state { established, related } accept
        ct status dnat accept
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    }
}
";

/// The proxies of a lab.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    running: BTreeMap<u64, Running>,
    begun: u64,
    /// The networks on which this namespace has addresses.
    present: BTreeSet<usize>,
}

/// A proxy. Dropping it ends its process.
#[derive(Debug)]
struct Running {
    process: Child,
    /// Gone once an answer did not come in time.
    control: Option<UnixStream>,
}

impl Proxies {
    /// Begins a proxy; returns its number. `bridge` names the bridge of a network.
    pub(super) fn begin(
        &mut self,
        proxy: &Start,
        links: &mut Links,
        bridge: impl Fn(usize) -> String,
    ) -> io::Result<u64> {
        if self.running.len() >= MOST_PROXIES {
            return Err(Error::other("it has too many proxies already"));
        }
        self.arrive(&proxy.places, links, &bridge)?;
        let mut running = Running::start()?;
        let ports = match running.ask(&ToProxy::Start(proxy.clone()))? {
            FromProxy::Listening(ports) if ports.len() == proxy.places.len() => ports,
            other => return Err(unexpected(&other)),
        };
        self.begun += 1;
        apply(&rules(self.begun, proxy, &ports, bridge))?;
        self.running.insert(self.begun, running);
        Ok(self.begun)
    }

    /// Returns what a proxy has done.
    pub(super) fn ask(&mut self, number: u64) -> io::Result<ProxyReport> {
        match self.find(number)?.ask(&ToProxy::Report)? {
            FromProxy::Report(report) => Ok(report),
            other => Err(unexpected(&other)),
        }
    }

    /// Ends a proxy. What it carries ends first, so that both ends learn of it.
    pub(super) fn end(&mut self, number: u64) -> io::Result<()> {
        self.find(number)?;
        self.running.remove(&number);
        let table = table(number);
        apply(&format!(
            "delete table bridge {table}\ndelete table inet {table}\n"
        ))
    }

    fn find(&mut self, number: u64) -> io::Result<&mut Running> {
        let running = self.running.get_mut(&number);
        running.ok_or_else(|| Error::other("it has no such proxy"))
    }

    /// Gives this namespace its addresses on the networks, which no node reaches by itself.
    fn arrive(
        &mut self,
        places: &[Place],
        links: &mut Links,
        bridge: impl Fn(usize) -> String,
    ) -> io::Result<()> {
        if self.present.is_empty() {
            apply(GUARD)?;
        }
        let networks: BTreeSet<usize> = places.iter().map(|place| place.network).collect();
        for network in networks.difference(&self.present.clone()) {
            let name = bridge(*network);
            // Answers have the node's address, so this namespace asks for neighbours by the
            // address of its link, which it gets by itself.
            for (key, value) in [
                ("accept_ra", "0"),
                ("accept_dad", "0"),
                ("disable_ipv6", "0"),
            ] {
                set(&format!("conf/{name}/{key}"), value)?;
            }
            for place in places.iter().filter(|place| place.network == *network) {
                links.add_address(&name, place.own, place.prefix)?;
            }
            self.present.insert(*network);
        }
        Ok(())
    }
}

impl Running {
    fn start() -> io::Result<Self> {
        let (control, theirs) = UnixStream::pair()?;
        control.set_read_timeout(Some(ANSWER))?;
        let process = Command::new("/proc/self/exe")
            .arg(proxy::COMMAND)
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self {
            process,
            control: Some(control),
        })
    }

    fn ask(&mut self, order: &ToProxy) -> io::Result<FromProxy> {
        let ended = || Error::other("the proxy has ended");
        let control = self.control.as_ref().ok_or_else(ended)?;
        let answer = frame::write(control, order).and_then(|()| frame::read(control));
        match answer {
            Ok(Some(FromProxy::Failed(cause))) => Err(Error::other(cause)),
            Ok(Some(answer)) => Ok(answer),
            lost => {
                // What it says later would be taken for the answer to another order.
                self.control = None;
                let _ = self.process.kill();
                Err(match lost {
                    Err(error) => Error::new(
                        error.kind(),
                        format!("the proxy did not answer, and was ended: {error}"),
                    ),
                    Ok(_) => ended(),
                })
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn unexpected(answer: &FromProxy) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the proxy says {answer:?}"))
}

/// Returns the hardware address of a network's bridge.
pub(super) fn hardware(network: usize) -> [u8; 6] {
    // Of one interface and locally administered, like those of nodes, but for the fourth byte.
    [
        0x02,
        0x76,
        0x6d,
        1,
        u8::try_from(network).unwrap_or(u8::MAX),
        0,
    ]
}

/// Returns the name of the tables with a proxy's rules.
fn table(number: u64) -> String {
    format!("proxy{number}")
}

/// Returns the rules that lead what nodes send to the port to these ports of this namespace.
///
/// Only nodes of the same network are meant: this namespace knows no way to others.
fn rules(number: u64, proxy: &Start, ports: &[u16], bridge: impl Fn(usize) -> String) -> String {
    let table = table(number);
    let (mut divert, mut redirect) = (String::new(), String::new());
    for (place, to) in proxy.places.iter().zip(ports) {
        let name = bridge(place.network);
        let [a, b, c, d, e, f] = hardware(place.network);
        let (of_node, prefix) = (place.of_node, place.prefix);
        let version = match of_node {
            IpAddr::V4(_) => "ip",
            IpAddr::V6(_) => "ip6",
        };
        let which = format!(
            "{version} saddr {of_node}/{prefix} {version} daddr {of_node} tcp dport {}",
            proxy.port
        );
        let _ = writeln!(
            divert,
            "        {which} ether daddr set {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x} meta pkttype set host"
        );
        let _ = writeln!(
            redirect,
            "        iifname \"{name}\" {which} redirect to :{to}"
        );
    }
    format!(
        "table bridge {table} {{
    chain from_nodes {{
        type filter hook prerouting priority dstnat;
{divert}    }}
}}
table inet {table} {{
    chain from_nodes {{
        type nat hook prerouting priority dstnat;
{redirect}    }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::ExitStatus;
    use vm_test_protocol::proxy::ProxySettings;

    #[test]
    fn a_proxy_that_answers_too_late_is_ended_and_its_answer_is_not_that_to_the_next_order() {
        let (control, theirs) = UnixStream::pair().unwrap();
        control
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let process = Command::new("sleep").arg("100").spawn().unwrap();
        let mut running = Running {
            process,
            control: Some(control),
        };
        let error = running.ask(&ToProxy::Report).unwrap_err();
        let words = "the proxy did not answer, and was ended: ";
        assert!(error.to_string().starts_with(words), "{error}");
        let late = FromProxy::Listening(vec![1]);
        let _ = frame::write(&theirs, &late);
        let error = running.ask(&ToProxy::Report).unwrap_err();
        assert_eq!(error.to_string(), "the proxy has ended");
        let ended: ExitStatus = running.process.wait().unwrap();
        assert!(!ended.success());
    }

    #[test]
    fn frames_for_the_port_are_led_to_the_proxy_and_no_others() {
        let proxy = Start {
            node: 0,
            port: 6379,
            places: vec![
                Place {
                    network: 3,
                    of_node: [10, 213, 4, 2].into(),
                    own: [10, 213, 4, 100].into(),
                    prefix: 24,
                },
                Place {
                    network: 3,
                    of_node: [0xfd76, 0, 0, 4, 0, 0, 0, 2].into(),
                    own: [0xfd76, 0, 0, 4, 0, 0, 0, 100].into(),
                    prefix: 64,
                },
            ],
            settings: ProxySettings {
                protocol: "redis".to_owned(),
                rules: Vec::new(),
                seed: 0,
            },
        };
        let rules = rules(7, &proxy, &[40_000, 40_001], |number| {
            format!("net{number}")
        });
        let lines: Vec<_> = rules.lines().map(str::trim).collect();
        assert!(lines.contains(&"table bridge proxy7 {"), "{rules}");
        assert!(lines.contains(&"table inet proxy7 {"), "{rules}");
        for line in [
            "ip saddr 10.213.4.2/24 ip daddr 10.213.4.2 tcp dport 6379 ether daddr set 02:76:6d:01:03:00 meta pkttype set host",
            "iifname \"net3\" ip saddr 10.213.4.2/24 ip daddr 10.213.4.2 tcp dport 6379 redirect to :40000",
            "iifname \"net3\" ip6 saddr fd76:0:0:4::2/64 ip6 daddr fd76:0:0:4::2 tcp dport 6379 redirect to :40001",
        ] {
            assert!(lines.contains(&line), "{line}\n{rules}");
        }
    }
}
