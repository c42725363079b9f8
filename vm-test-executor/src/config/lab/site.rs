//! A lab that is declared at the site of its test: nodes with their guests, all on one network.

use super::draft::Draft;
use super::node::NodeTable;
use super::parts::MOST_NODES;
use super::topology::Network;
use crate::config::guests::Guests;
use std::collections::BTreeSet;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::NodeAtSite;
use vm_test_settings::form::{Form, Refusal};
use vm_test_settings::label;

/// The network that all nodes are on.
const NETWORK: &str = "lan";

impl Draft {
    /// Returns the lab of this name with these nodes.
    ///
    /// The attribute has checked their names. A client of another kind may not have.
    pub(in crate::config) fn at_site(
        lab: &str,
        nodes: &[NodeAtSite],
        guests: &Guests,
    ) -> Result<Self, Failure> {
        Form::Name.check(lab).map_err(|refusal| {
            let cause = refusal.cause;
            Failure::new(format!("cannot use {lab:?} as the name of a lab: {cause}"))
                .hint(refusal.hint)
        })?;
        if nodes.len() > MOST_NODES {
            let words = format!("cannot use lab `{lab}`: there are {} nodes", nodes.len());
            return Err(Failure::new(words).hint(format!("a lab has at most {MOST_NODES}")));
        }
        let mut taken = BTreeSet::new();
        let mut tables = Vec::new();
        for NodeAtSite { name, guest } in nodes {
            let title = format!("node `{}`", name.escape_debug());
            let cannot = |refusal: Refusal| {
                let words = format!("cannot use {title} of lab `{lab}`: {}", refusal.cause);
                Failure::new(words).hint(refusal.hint)
            };
            label::check_node(name).map_err(cannot)?;
            if !taken.insert(name) {
                let cause = "there is a node of this name already";
                return Err(cannot(Refusal::new(cause, "choose another name")));
            }
            if !guests.has(guest) {
                return Err(cannot(guests.unknown(guest)));
            }
            tables.push(NodeTable {
                name: name.clone(),
                title,
                line: 0,
                guest: guest.clone(),
                guest_line: 0,
                networks: vec![0],
                interfaces: Vec::new(),
                settings: Vec::new(),
                starts_off: false,
            });
        }
        Ok(Self {
            networks: vec![Network::plain(NETWORK)],
            nodes: tables,
        })
    }
}
