//! The topology of containerlab, as its file says it: nodes, and links of two each. Reads what makes
//! the lab, refuses what would set a node up, and passes over what only containerlab needs.

use super::draft::Draft;
use super::endpoints::link;
use super::entries::{at, check_keys, find, list, table, text_of};
use super::node::NodeTable;
use super::parts::{MOST_NETWORKS, MOST_NODES};
use super::yaml::{Entry, Value};
use crate::config::mistake::Mistake;
use std::collections::{BTreeMap, BTreeSet};
use vm_test_settings::form::Refusal;
use vm_test_settings::label;

/// Keys of the file that say nothing of the lab itself.
const OF_THE_FILE: [&str; 6] = ["name", "prefix", "mgmt", "settings", "debug", "topology"];

/// Keys of a node that matter only where containerlab manages it.
const OF_A_MANAGED_NODE: [&str; 12] = [
    "auto-remove",
    "group",
    "image-pull-policy",
    "labels",
    "mgmt-ipv4",
    "mgmt-ipv6",
    "mgmt_ipv4",
    "mgmt_ipv6",
    "ports",
    "publish",
    "restart-policy",
    "runtime",
];

/// Kinds that are not nodes, but parts of the host.
const OF_THE_HOST: [&str; 4] = ["bridge", "ovs-bridge", "host", "ext-container"];

/// What the table of the lab says about the file.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    /// The guests by what they are for: nodes, images or kinds.
    pub(super) guests: &'a BTreeMap<String, String>,
    /// Keys of nodes that are passed over.
    pub(super) ignore: &'a [String],
}

/// What of the choice is used.
#[derive(Debug, Default)]
pub(super) struct Used {
    /// The names of nodes, images and kinds.
    pub(super) names: BTreeSet<String>,
    /// The keys that were passed over.
    pub(super) ignored: BTreeSet<String>,
}

/// Tables that nodes start from.
struct Bases<'a> {
    defaults: &'a [Entry],
    kinds: &'a [Entry],
}

/// Returns the lab of a file.
pub(super) fn read(file: &Value, choice: &Choice<'_>, used: &mut Used) -> Result<Draft, Mistake> {
    let root = table(file, "topology")?;
    check_keys(root, &OF_THE_FILE)?;
    let Some(topology) = find(root, "topology") else {
        return Err(at(
            file.line,
            "it has no `topology`",
            "containerlab's files have `topology` with `nodes`",
        ));
    };
    let topology = table(&topology.value, "topology")?;
    if let Some(groups) = find(topology, "groups") {
        let hint = "write kind and image at the nodes, in `kinds` or in `defaults`";
        return Err(at(
            groups.line,
            "cannot set `groups`: groups are not read",
            hint,
        ));
    }
    check_keys(topology, &["nodes", "links", "defaults", "kinds"])?;
    let part = |key: &str| find(topology, key).map_or(Ok(&[][..]), |it| table(&it.value, key));
    let (defaults, kinds) = (part("defaults")?, part("kinds")?);
    check_node(defaults, choice, used).map_err(|mistake| mistake.within("`defaults`"))?;
    for kind in kinds {
        table(&kind.value, &kind.key)
            .and_then(|entries| check_node(entries, choice, used))
            .map_err(|mistake| mistake.within(&format!("kind `{}`", kind.key.escape_debug())))?;
    }
    let bases = Bases { defaults, kinds };
    let mut nodes = Vec::new();
    for entry in part("nodes")? {
        let title = format!("node `{}`", entry.key.escape_debug());
        let node = node(entry, &title, &bases, choice, used);
        nodes.push(node.map_err(|mistake| mistake.within(&title))?);
    }
    let line = find(topology, "nodes").map_or(file.line, |nodes| nodes.line);
    if nodes.is_empty() {
        return Err(at(line, "it has no nodes", "add one below `nodes`"));
    }
    if nodes.len() > MOST_NODES {
        let cause = format!("there are {} nodes", nodes.len());
        return Err(at(line, &cause, &format!("a lab has at most {MOST_NODES}")));
    }
    let links = match find(topology, "links") {
        Some(links) => list(&links.value, "links")?,
        None => &[],
    };
    let mut networks = Vec::new();
    for (number, value) in (0u8..).zip(links) {
        if networks.len() == MOST_NETWORKS {
            let cause = format!("there are {} links", links.len());
            let hint = format!("a lab has at most {MOST_NETWORKS} networks, and each link is one");
            return Err(at(value.line, &cause, &hint));
        }
        let network = link(value, number, &mut nodes);
        networks.push(network.map_err(|mistake| mistake.within(&format!("link {}", number + 1)))?);
    }
    Ok(Draft { networks, nodes })
}

fn node(
    entry: &Entry,
    title: &str,
    bases: &Bases<'_>,
    choice: &Choice<'_>,
    used: &mut Used,
) -> Result<NodeTable, Mistake> {
    label::check_node(&entry.key).map_err(|refusal| Mistake::new(entry.line, refusal))?;
    let own = table(&entry.value, &entry.key)?;
    check_node(own, choice, used)?;
    let kind = text_of(own, "kind")?.or(text_of(bases.defaults, "kind")?);
    let Some(kind) = kind else {
        return Err(at(
            entry.line,
            "it has no kind",
            "write `kind: linux` there or in `defaults`",
        ));
    };
    if OF_THE_HOST.contains(&kind) {
        let cause = format!("kind `{kind}` is a part of the host, which no lab has");
        return Err(at(
            entry.line,
            &cause,
            "declare the lab's networks in vm-test.toml instead",
        ));
    }
    let of_kind = find(bases.kinds, kind).map_or(Ok(&[][..]), |it| table(&it.value, kind))?;
    let image = text_of(own, "image")?
        .or(text_of(of_kind, "image")?)
        .or(text_of(bases.defaults, "image")?);
    let names: Vec<&str> = [Some(&*entry.key), image, Some(kind)]
        .into_iter()
        .flatten()
        .collect();
    used.names
        .extend(names.iter().map(|name| (*name).to_owned()));
    let Some(guest) = names
        .iter()
        .find_map(|name| choice.guests.get(*name))
        .cloned()
    else {
        let image = image.map_or_else(String::new, |it| {
            format!(", nor its image `{}`", it.escape_debug())
        });
        let cause = format!(
            "it has no guest: `guests` names neither the node{image}, nor its kind `{}`",
            kind.escape_debug()
        );
        let hint = format!(
            "write `guests = {{ {kind:?} = \"host\" }}` in the lab's table of vm-test.toml"
        );
        return Err(at(entry.line, &cause, &hint));
    };
    Ok(NodeTable {
        name: entry.key.clone(),
        title: title.to_owned(),
        line: entry.line,
        guest,
        guest_line: entry.line,
        networks: Vec::new(),
        interfaces: Vec::new(),
        settings: Vec::new(),
        starts_off: false,
    })
}

/// Checks the keys of a node, or of what nodes start from.
fn check_node(entries: &[Entry], choice: &Choice<'_>, used: &mut Used) -> Result<(), Mistake> {
    for Entry { line, key, .. } in entries {
        if ["kind", "image"].contains(&&**key) || OF_A_MANAGED_NODE.contains(&&**key) {
            continue;
        }
        if choice.ignore.contains(key) {
            used.ignored.insert(key.clone());
            continue;
        }
        let hint = format!(
            "what sets a node up belongs in its guest's image or in the test; to read the file without it, write `ignore = [{key:?}]` in the lab's table of vm-test.toml"
        );
        let refusal = Refusal::new("it is not read", hint);
        return Err(Mistake::of_key(*line, key, refusal));
    }
    Ok(())
}
