//! The routers of a lab: to which network each leads, its node, and the outside addresses of nodes
//! behind one. Knows no rule of a packet filter.

use super::addresses;
use super::network::{NetworkTable, UPSTREAM};
use super::topology::{Forwarding, Mapped, Network, Node, Port, Router, Translation};
use crate::config::mistake::Mistake;
use crate::config::{Guest, HOST};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use vm_test_protocol::failure::Failure;
use vm_test_settings::form::{LONGEST_NAME, Refusal};
use vm_test_settings::word::{enumerate, suggestion};

/// The network that routers lead to unless their tables say otherwise.
pub(super) const INTERNET: &str = "internet";

/// The memory of a router: its kernel is the host's, and what a test runs there is small.
const MEMORY: u64 = 128 << 20;

/// Returns the name of the node that is a network's router.
pub(super) fn name(network: &str) -> String {
    format!("{network}-router")
}

/// Returns the networks with their routers, and the one that routers lead to by default.
pub(super) fn resolve(tables: &[NetworkTable]) -> Result<Vec<Network>, Mistake> {
    let mut networks: Vec<_> = tables.iter().map(|table| table.network.clone()).collect();
    let leads_there = |table: &NetworkTable| {
        let upstream = table.upstream.as_ref().map(|(_, name)| &**name);
        table.router.is_some() && upstream.is_none_or(|name| name == INTERNET)
    };
    if tables.iter().any(leads_there) && !networks.iter().any(|it| it.name == INTERNET) {
        networks.push(Network::plain(INTERNET));
    }
    for (number, table) in tables.iter().enumerate() {
        let Some(translation) = table.router else {
            continue;
        };
        let upstream = upstream(table, &networks);
        let router = upstream
            .and_then(|upstream| of(table, upstream, translation))
            .map_err(|mistake| mistake.within(&table.title))?;
        networks[number].router = Some(router);
    }
    for (number, table) in tables.iter().enumerate() {
        if leads_back(&networks, number) {
            let cause = "the way from its router leads back to it";
            let hint =
                "set `upstream` of the networks on the way so that it ends at one without a router";
            let line = table
                .upstream
                .as_ref()
                .map_or(table.line, |(line, _)| *line);
            let mistake = Mistake::new(line, Refusal::new(cause, hint));
            return Err(mistake.within(&table.title));
        }
    }
    Ok(networks)
}

/// Returns the number of the network that the router of a network leads to.
fn upstream(table: &NetworkTable, networks: &[Network]) -> Result<u8, Mistake> {
    let own = &table.network.name;
    let (line, name) = match &table.upstream {
        Some((line, name)) => (*line, &**name),
        None => (table.line, INTERNET),
    };
    let refuse = |cause: String, hint: String| {
        Err(Mistake::of_key(line, UPSTREAM, Refusal::new(cause, hint)))
    };
    let others = || {
        let mut names = networks.iter().map(|network| &*network.name);
        names
            .by_ref()
            .filter(|name| name != own)
            .collect::<Vec<_>>()
    };
    if name == own {
        let cause = match &table.upstream {
            Some(_) => "the router would lead from the network to itself".to_owned(),
            None => format!("routers lead to `{INTERNET}` by default, and this is that network"),
        };
        return refuse(cause, "name another network".to_owned());
    }
    let found = (0u8..)
        .zip(networks)
        .find(|(_, network)| network.name == name);
    match found {
        None => {
            let hint = match suggestion(name, others()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "name one of the other networks of the lab, or leave it out: then it is `{INTERNET}`, which needs no table"
                ),
            };
            refuse(
                format!("there is no network `{}`", name.escape_debug()),
                hint,
            )
        }
        Some((_, network)) if network.trunk => {
            let addressed = networks
                .iter()
                .filter(|it| !it.trunk && it.name != *own)
                .map(|it| &*it.name);
            let names = enumerate(addressed, "`", "or");
            let hint = if names.is_empty() {
                "declare a network without `trunk`".to_owned()
            } else {
                format!("name {names}")
            };
            refuse(
                format!("network `{name}` is a trunk, which has no addresses"),
                hint,
            )
        }
        Some((number, _)) => Ok(number),
    }
}

fn of(table: &NetworkTable, upstream: u8, translation: Translation) -> Result<Router, Mistake> {
    let name = name(&table.network.name);
    if name.len() > LONGEST_NAME {
        let cause = format!("its router would be node `{name}`, whose name is too long");
        let hint = format!(
            "choose a name for the network with which that has at most {LONGEST_NAME} characters"
        );
        return Err(Mistake::new(table.line, Refusal::new(cause, hint)));
    }
    Ok(Router {
        translation,
        upstream,
    })
}

/// Returns whether the way upstream from a network comes back to it.
fn leads_back(networks: &[Network], from: usize) -> bool {
    let mut at = from;
    for _ in networks {
        match &networks[at].router {
            Some(router) => at = router.upstream.into(),
            None => return false,
        }
        if at == from {
            return true;
        }
    }
    false
}

/// Gives nodes behind one-to-one routers their outside addresses.
///
/// Fails if a network has no more of them.
pub(super) fn map(networks: &[Network], nodes: &mut [Node]) -> Result<(), Failure> {
    let mut taken: BTreeMap<u8, u8> = BTreeMap::new();
    for (number, network) in networks.iter().enumerate() {
        let Some(router) = &network.router else {
            continue;
        };
        if router.translation != Translation::OneToOne {
            continue;
        }
        let inside = nodes
            .iter_mut()
            .flat_map(|node| &mut node.ports)
            .filter(|port| port.network == networks[number].name);
        for port in inside {
            let count = taken.entry(router.upstream).or_default();
            let upstream = &networks[usize::from(router.upstream)];
            let Some(address) = addresses::mapped(router.upstream, *count) else {
                return Err(Failure::new(format!(
                    "cannot map every node of network `{}` to an address of network `{}`: it has no more",
                    network.name, upstream.name
                ))
                .hint("set `upstream` to another network, or have fewer nodes there"));
            };
            *count += 1;
            port.mapped = Some(Mapped {
                network: upstream.name.clone(),
                v4: address,
            });
        }
    }
    Ok(())
}

/// Returns the nodes that are the networks' routers. `nodes` are all other nodes.
pub(super) fn nodes(networks: &[Network], nodes: &[Node]) -> Result<Vec<Node>, Failure> {
    let mut routers = Vec::new();
    for (number, network) in (0u8..).zip(networks) {
        let Some(router) = &network.router else {
            continue;
        };
        let mut guest = Guest::new(HOST)?;
        guest.memory = MEMORY;
        let inside = addresses::router(network, number, 0);
        let upstream = &networks[usize::from(router.upstream)];
        let mut outside = addresses::outside(upstream, router.upstream, number, 1);
        outside.forwarding = Some(Forwarding {
            translation: router.translation,
            inside: inside.interface.clone(),
            mapped: pairs(&network.name, nodes),
        });
        routers.push(Node {
            name: name(&network.name),
            guest,
            ports: vec![inside, outside],
            starts_off: false,
        });
    }
    Ok(routers)
}

/// Returns the inside and outside addresses of the nodes on a network.
fn pairs(network: &str, nodes: &[Node]) -> Vec<(Ipv4Addr, Ipv4Addr)> {
    let ports = nodes.iter().flat_map(|node| &node.ports);
    ports
        .filter(|port| port.network == network)
        .filter_map(|port: &Port| Some((port.address?.v4, port.mapped.as_ref()?.v4)))
        .collect()
}
