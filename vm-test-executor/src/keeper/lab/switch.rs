//! What carries the frames of a lab: one bridge for each network, in the network namespace of the
//! lab's keeper. It has no addresses there, so no node reaches the lab's keeper.

use super::links::{FarEnd, Links};
use super::messages::{Network, Port};
use super::router;
use rustix::process::Pid;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use vm_test_sys::tap;

/// The networks of a lab.
#[derive(Debug)]
pub(super) struct Switch {
    own: File,
    links: Links,
    networks: Vec<Network>,
    /// How many ports have been made so far: each has a name of its own.
    ports: usize,
}

impl Switch {
    /// Makes the networks.
    pub(super) fn make(networks: Vec<Network>) -> io::Result<Self> {
        // Bridges would take part in the nodes' networks with addresses of their own.
        set("conf/default/disable_ipv6", "1")?;
        let mut switch = Self {
            own: File::open("/proc/self/ns/net")?,
            links: Links::open()?,
            networks,
            ports: 0,
        };
        for (number, network) in switch.networks.iter().enumerate() {
            switch.links.add_bridge(&bridge(number), network.mtu)?;
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
        }
        Ok(taps)
    }

    /// Makes taps that are there ports of networks.
    pub(super) fn join(&mut self, taps: &[String], ports: &[Port]) -> io::Result<()> {
        for (tap, port) in taps.iter().zip(ports) {
            let network = self.networks.get(port.network);
            let mtu = network.ok_or(ErrorKind::InvalidInput)?.mtu;
            self.links.join(tap, &bridge(port.network), mtu)?;
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
        }
        self.within(&namespace, || configure(ports))
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

/// Returns the name of a network's bridge.
fn bridge(number: usize) -> String {
    format!("net{number}")
}

/// Sets a value of the present network namespace's IPv6, if the kernel has that.
fn set(name: &str, value: &str) -> io::Result<()> {
    match fs::write(format!("/proc/sys/net/ipv6/{name}"), value) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
