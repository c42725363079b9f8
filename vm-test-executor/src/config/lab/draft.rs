//! A lab as its table declares it, and the lab that comes of it once its guests are decided. Knows
//! no settings of guests.

use super::addresses;
use super::network::{self, Network};
use super::node::{self, GUEST, NodeTable};
use super::parts::{self, NETWORKS, NODES};
use super::topology::{Lab, Node};
use crate::config::guests::Guests;
use crate::config::mistake::{Mistake, placed};
use crate::config::table::Entry;
use crate::config::value::check_keys;
use crate::config::{Guest, HOST};
use std::path::Path;
use toml::de::DeTable;
use vm_test_protocol::failure::Failure;
use vm_test_settings::form::Refusal;

/// A lab as its table declares it.
#[derive(Debug)]
pub(in crate::config) struct Draft {
    networks: Vec<Network>,
    nodes: Vec<NodeTable>,
}

impl Draft {
    /// Reads the table of the lab of this name, which stands in line `at` of the text.
    pub(in crate::config) fn read(
        lab: &str,
        at: usize,
        text: &str,
        table: &DeTable<'_>,
    ) -> Result<Self, Mistake> {
        check_keys(text, table, &[NETWORKS.key, NODES.key])?;
        let mut networks = Vec::new();
        for part in parts::read(text, table, &NETWORKS)? {
            let network = network::read(text, &part);
            networks.push(network.map_err(|mistake| mistake.within(&part.title))?);
        }
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
        file: &Path,
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
                return Err(Failure::new(placed(&words, file, node.line))
                    .hint("write `privileged = false` in the node's table"));
            }
            let ports = (0u8..).zip(&node.networks).map(|(port, network)| {
                let on = &self.networks[usize::from(*network)];
                addresses::port(on, *network, number, port)
            });
            nodes.push(Node {
                name: node.name.clone(),
                guest,
                ports: ports.collect(),
                starts_off: node.starts_off,
            });
        }
        Ok(Lab {
            name: name.to_owned(),
            networks: self.networks.clone(),
            nodes,
        })
    }
}
