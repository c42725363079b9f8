//! A VM's links to the networks of its lab. The network cards were there when the VM was saved; only
//! now they get addresses.

use super::network::await_up;
use std::fs;
use std::io;
use vm_test_protocol::machine::Port;
use vm_test_sys::interface::{Link, add_route, rename};

/// Configures all links and brings them up. Their cards are those from number `first` on.
pub(super) fn up(ports: &[Port], first: usize) -> io::Result<()> {
    name_cards(ports, first)?;
    ports.iter().try_for_each(|port| {
        let name = &port.interface;
        // Otherwise the addresses of IPv6 could not be used for a second. A kernel may lack it.
        let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{name}/accept_dad"), "0");
        let link = Link {
            name,
            hardware: port.hardware,
            mtu: port.mtu,
            addresses: &port.addresses,
        };
        let routes = || {
            if !port.routes.is_empty() {
                await_up(name)?;
            }
            let mut routes = port.routes.iter();
            routes.try_for_each(|route| add_route(route.to, route.prefix, route.via))
        };
        link.up().and_then(|()| routes()).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot bring {name} up: {error}"))
        })
    })
}

/// Gives the network cards the names of their links. The kernel has named them by their order.
fn name_cards(ports: &[Port], first: usize) -> io::Result<()> {
    let card = |number: usize| format!("eth{}", first + number);
    let mut cards = ports.iter().enumerate();
    if cards.all(|(number, port)| port.interface == card(number)) {
        return Ok(());
    }
    let rename = |from: &str, to: &str| {
        rename(from, to).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot name {from} {to}: {error}"))
        })
    };
    // In two steps: the name of one may still be that of another.
    let between = |number: usize| format!("card{number}");
    for number in 0..ports.len() {
        rename(&card(number), &between(number))?;
    }
    let mut cards = ports.iter().enumerate();
    cards.try_for_each(|(number, port)| rename(&between(number), &port.interface))
}
