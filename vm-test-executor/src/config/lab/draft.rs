//! A lab as its table or a site declares it, and the lab that comes of it once its guests are
//! decided. Knows no settings of guests.

use super::addresses;
use super::network;
use super::node::{self, GUEST, NodeTable};
use super::origin::Origin;
use super::parts::{self, CONTAINERLAB, NETWORKS, NODES};
use super::topology::{Lab, Network, Node};
use super::{routers, routes};
use crate::config::guests::Guests;
use crate::config::mistake::Mistake;
use crate::config::table::Entry;
use crate::config::value::check_keys;
use crate::config::{Guest, HOST};
use toml::de::DeTable;
use vm_test_protocol::failure::Failure;
use vm_test_settings::form::Refusal;

/// A lab as it is declared.
#[derive(Debug)]
pub(in crate::config) struct Draft {
    pub(super) networks: Vec<Network>,
    pub(super) nodes: Vec<NodeTable>,
}

impl Draft {
    /// Reads the table of the lab of this name, which stands in line `at` of the text.
    pub(in crate::config) fn read(
        lab: &str,
        at: usize,
        text: &str,
        table: &DeTable<'_>,
    ) -> Result<Self, Mistake> {
        check_keys(text, table, &[NETWORKS.key, NODES.key, CONTAINERLAB])?;
        let mut tables = Vec::new();
        for part in parts::read(text, table, &NETWORKS)? {
            let network = network::read(text, &part);
            tables.push(network.map_err(|mistake| mistake.within(&part.title))?);
        }
        let networks = routers::resolve(&tables)?;
        let mut nodes = Vec::new();
        for part in parts::read(text, table, &NODES)? {
            let node = node::read(text, &part, &networks);
            nodes.push(node.map_err(|mistake| mistake.within(&part.title))?);
        }
        if nodes.is_empty() {
            let hint =
                format!("declare them in [lab.{lab}.nodes], as in `gw = {{ guest = \"{HOST}\" }}`");
            return Err(Mistake::new(at, Refusal::new("it has no nodes", hint)));
        }
        Ok(Self { networks, nodes })
    }

    /// Checks that there is a guest for every node.
    pub(in crate::config) fn check_guests(&self, guests: &Guests) -> Result<(), Mistake> {
        match self.nodes.iter().find(|node| !guests.has(&node.guest)) {
            None => Ok(()),
            Some(node) => {
                let unknown = guests.unknown(&node.guest);
                Err(Mistake::of_key(node.guest_line, GUEST, unknown).within(&node.title))
            }
        }
    }

    /// Returns the lab, given how a guest with a node's settings is decided.
    pub(in crate::config) fn decide(
        &self,
        name: &str,
        origin: Origin<'_>,
        guest: impl Fn(&str, &[Entry]) -> Result<Guest, Failure>,
    ) -> Result<Lab, Failure> {
        let mut nodes = Vec::new();
        for (number, node) in (0u8..).zip(&self.nodes) {
            let cannot =
                |words: &str| format!("cannot use {} of lab `{name}`: {words}", node.title);
            let guest =
                guest(&node.guest, &node.settings).map_err(|failure| failure.reworded(cannot))?;
            // All nodes are in the lab's user namespace, and such a guest is in none.
            if guest.privileged {
                let words = cannot(&format!("guest `{}` is privileged", node.guest));
                return Err(
                    Failure::new(origin.placed(&words, node.line)).hint(origin.unprivileged())
                );
            }
            let ports = (0u8..).zip(&node.networks).map(|(port, network)| {
                let on = &self.networks[usize::from(*network)];
                let mut made = addresses::port(on, *network, number, port);
                if let Some(name) = node.interfaces.get(usize::from(port)) {
                    made.interface.clone_from(name);
                }
                made
            });
            nodes.push(Node {
                name: node.name.clone(),
                guest,
                ports: ports.collect(),
                starts_off: node.starts_off,
            });
        }
        let cannot = |words: &str| format!("cannot use lab `{name}`: {words}");
        routers::map(&self.networks, &mut nodes).map_err(|failure| failure.reworded(cannot))?;
        nodes.extend(routers::nodes(&self.networks, &nodes)?);
        routes::add(&self.networks, &mut nodes);
        Ok(Lab {
            name: name.to_owned(),
            networks: self.networks.clone(),
            nodes,
        })
    }
}
