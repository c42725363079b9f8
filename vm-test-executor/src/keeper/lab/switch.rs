//! What carries the frames of a lab: one bridge for each network, in the network namespace of the
//! lab's keeper, and the relay for links with a fault. The keeper has no addresses there, so no
//! node reaches it.

use super::ipv6::set;
use super::links::{FarEnd, Links};
use super::messages::{Fault, Network, Port};
use super::moves::{Bridge, Bridges};
use super::proxies::{self, Proxies};
use super::recorder::{Capture, Recorder};
use super::relay::{Mended, Relay};
use super::relayed::Interface;
use super::router;
use crate::proxy::Start;
use rustix::process::Pid;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use vm_test_protocol::impairment::Tally;
use vm_test_protocol::proxy::ProxyReport;
use vm_test_sys::tap;

/// The networks of a lab.
#[derive(Debug)]
pub(super) struct Switch {
    own: File,
    links: Links,
    networks: Vec<Network>,
    /// How many ports have been made so far: each has a name of its own.
    ports: usize,
    relay: Relay,
    recorder: Recorder,
    proxies: Proxies,
}

impl Switch {
    /// Makes the networks.
    pub(super) fn make(networks: Vec<Network>) -> io::Result<Self> {
        // Bridges would take part in the nodes' networks with addresses of their own.
        set("conf/default/disable_ipv6", "1")?;
        let mut switch = Self {
            own: File::open("/proc/self/ns/net")?,
            links: Links::open()?,
            relay: Relay::start()?,
            recorder: Recorder::start(networks.len())?,
            proxies: Proxies::default(),
            networks,
            ports: 0,
        };
        for (number, network) in switch.networks.iter().enumerate() {
            let hardware = proxies::hardware(number);
            let links = &mut switch.links;
            links.add_bridge(&bridge(number), hardware, network.mtu)?;
        }
        Ok(switch)
    }

    /// Makes a tap on each of the networks; returns their other ends.
    pub(super) fn taps(&mut self, ports: &[Port]) -> io::Result<Vec<OwnedFd>> {
        let mut taps = Vec::new();
        for port in ports {
            let network = self.networks.get(port.network);
            let mtu = network.ok_or(ErrorKind::InvalidInput)?.mtu;
            let name = self.next_name();
            let open = tap::open(&name)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", tap::DEVICE)));
            taps.push(open?);
            self.links.join(&name, &bridge(port.network), mtu)?;
            self.attend(port, &name)?;
        }
        Ok(taps)
    }

    /// Makes taps that are there ports of networks.
    pub(super) fn join(&mut self, taps: &[String], ports: &[Port]) -> io::Result<()> {
        for (tap, port) in taps.iter().zip(ports) {
            let network = self.networks.get(port.network);
            let mtu = network.ok_or(ErrorKind::InvalidInput)?.mtu;
            self.links.join(tap, &bridge(port.network), mtu)?;
            self.attend(port, tap)?;
        }
        Ok(())
    }

    /// Links a process's network namespace to networks.
    pub(super) fn connect(&mut self, process: Pid, ports: &[Port]) -> io::Result<()> {
        let namespace = File::open(format!("/proc/{process}/ns/net"))?;
        for port in ports {
            let network = self.networks.get(port.network);
            let network = network.ok_or(ErrorKind::InvalidInput)?;
            let far = FarEnd {
                name: &port.interface,
                hardware: port.hardware,
                namespace: namespace.as_fd(),
            };
            let mtu = network.mtu;
            let name = self.next_name();
            let bridge = bridge(port.network);
            self.links.add_pair(&name, &bridge, mtu, &far)?;
            self.attend(port, &name)?;
        }
        self.within(&namespace, || configure(ports))
    }

    /// Begins a fault; returns its number.
    pub(super) fn fault(&mut self, fault: Fault) -> io::Result<u64> {
        self.with_bridges(|relay, bridges| relay.add_fault(fault, bridges))
    }

    /// Ends the fault with this number.
    pub(super) fn mend(&mut self, number: u64) -> io::Result<Mended> {
        self.with_bridges(|relay, bridges| relay.mend(number, bridges))
    }

    /// Returns what has come of the impairment with this number.
    pub(super) fn tally(&self, number: u64) -> io::Result<Tally> {
        self.relay.tally(number)
    }

    /// Begins a proxy before a port of a node; returns its number.
    pub(super) fn proxy(&mut self, proxy: &Start) -> io::Result<u64> {
        let number = self.proxies.begin(proxy, &mut self.links, bridge)?;
        let proxy = proxy.clone();
        let diverted = self.with_bridges(|relay, bridges| relay.divert(number, proxy, bridges));
        if let Err(error) = diverted {
            // The first error says more.
            let _ = self.end_proxy(number);
            return Err(error);
        }
        Ok(number)
    }

    /// Returns what a proxy has done.
    pub(super) fn ask_proxy(&mut self, number: u64) -> io::Result<ProxyReport> {
        self.proxies.ask(number)
    }

    /// Ends a proxy.
    pub(super) fn end_proxy(&mut self, number: u64) -> io::Result<()> {
        let ended = self.proxies.end(number);
        self.with_bridges(|relay, bridges| relay.divert_no_more(number, bridges))?;
        ended
    }

    /// Returns what the networks have carried.
    pub(super) fn capture(&self) -> io::Result<Vec<Capture>> {
        self.recorder.capture()
    }

    /// Records what comes in through a new port of a bridge, and lets the faults of its link begin.
    fn attend(&mut self, port: &Port, interface: &str) -> io::Result<()> {
        self.recorder.add_port(port.network, interface)?;
        let names = self.names();
        let mut bridges = bridges(&self.networks, &names);
        let bridge = bridges.nth(port.network).ok_or(ErrorKind::InvalidInput)?;
        let interface = Interface {
            name: interface.to_owned(),
            hardware: Some(port.hardware),
        };
        let links = &mut self.links;
        self.relay.add_link(port.node, interface, &bridge, links)
    }

    /// Does something with the relay, which may move links from bridges and back.
    fn with_bridges<T>(&mut self, work: impl FnOnce(&Relay, &mut Bridges<'_>) -> T) -> T {
        let names = self.names();
        let mut bridges = Bridges {
            all: bridges(&self.networks, &names).collect(),
            links: &mut self.links,
        };
        work(&self.relay, &mut bridges)
    }

    fn names(&self) -> Vec<String> {
        (0..self.networks.len()).map(bridge).collect()
    }

    fn next_name(&mut self) -> String {
        self.ports += 1;
        format!("port{}", self.ports)
    }

    /// Does something in another network namespace.
    fn within(&self, there: &File, work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let network = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(there.as_fd(), network)?;
        let done = work();
        // The links that are open stay those of the own namespace, whatever becomes of this.
        move_into_link_name_space(self.own.as_fd(), network)?;
        done
    }
}

/// Gives the interfaces of the present network namespace their addresses and routes, and brings them
/// up; makes a router of it if it is one.
fn configure(ports: &[Port]) -> io::Result<()> {
    let mut links = Links::open()?;
    for port in ports {
        // An address of the link itself could otherwise not be used for a second.
        set(&format!("conf/{}/accept_dad", port.interface), "0")?;
        for &(address, prefix) in &port.addresses {
            links.add_address(&port.interface, address, prefix)?;
        }
        links.bring_up(&port.interface)?;
    }
    for port in ports {
        for route in &port.routes {
            links.add_route(&port.interface, route)?;
        }
    }
    ports.iter().try_for_each(router::make)
}

/// Returns the bridges of networks, given their names.
fn bridges<'a>(networks: &'a [Network], names: &'a [String]) -> impl Iterator<Item = Bridge<'a>> {
    let all = networks.iter().zip(names).enumerate();
    all.map(|(number, (network, name))| Bridge {
        number,
        name,
        mtu: network.mtu,
    })
}

/// Returns the name of a network's bridge.
fn bridge(number: usize) -> String {
    format!("net{number}")
}
