//! The table of a node: its guest, its networks, and settings of its own. Decides no guest.

use super::parts::Part;
use super::routers;
use super::topology::Network;
use crate::config::HOST;
use crate::config::mistake::Mistake;
use crate::config::table::{self, Entry};
use crate::config::value::{choose, optional, text as word, write};
use toml::de::DeValue;
use vm_test_settings::form::Refusal;
use vm_test_settings::label;
use vm_test_settings::word::{enumerate, suggestion};

pub(super) const GUEST: &str = "guest";
pub(super) const NETWORKS: &str = "networks";
pub(super) const POWER: &str = "power";

/// The setting of a guest that is easily taken for `networks`, and what it takes.
const OUTSIDE: &str = "network";
const OUTSIDE_CHOICES: [&str; 2] = ["none", "user"];

/// What `power` takes: whether the node is started with its lab, or by the test.
pub(super) const POWERS: [&str; 2] = ["on", "off"];

/// The settings that a test has once, however many nodes its lab has.
pub(super) const OF_A_TEST: [&str; 3] = ["timeout", "keep", "keep_for"];

/// The maximum number of networks of a node: a VM's bus has about 30 slots for all of its devices,
/// its disks included.
pub(super) const MOST_PORTS: usize = 8;

/// A node as its table declares it.
#[derive(Debug)]
pub(super) struct NodeTable {
    pub(super) name: String,
    /// What it is called in messages.
    pub(super) title: String,
    /// The number of the line of its name.
    pub(super) line: usize,
    pub(super) guest: String,
    /// The number of the line with its guest.
    pub(super) guest_line: usize,
    /// The numbers of its networks in the lab, in the order of its ports.
    pub(super) networks: Vec<u8>,
    /// The names of its interfaces there; those that are missing are `eth0` and so on.
    pub(super) interfaces: Vec<String>,
    pub(super) settings: Vec<Entry>,
    /// Whether only the test starts it.
    pub(super) starts_off: bool,
}

/// Reads the table of a node in a lab with these networks.
pub(super) fn read(
    text: &str,
    part: &Part<'_, '_>,
    networks: &[Network],
) -> Result<NodeTable, Mistake> {
    let table = part.table;
    label::check_node(part.name).map_err(|refusal| Mistake::new(part.line, refusal))?;
    let routed = networks
        .iter()
        .find(|it| it.router.is_some() && routers::name(&it.name) == part.name);
    if let Some(network) = routed {
        let cause = format!(
            "its name is that of the router of network `{}`",
            network.name
        );
        return Err(Mistake::new(
            part.line,
            Refusal::new(cause, "choose another name"),
        ));
    }
    optional(text, table, OUTSIDE, |found| outside(found, networks))?;
    let settings = table::read(text, table, &[GUEST, NETWORKS, POWER])?;
    for entry in &settings {
        let key = entry.setting.key().name;
        if OF_A_TEST.contains(&key) {
            let refusal = Refusal::new("it is for a whole test", "set it at the test");
            return Err(Mistake::of_key(entry.line, key, refusal));
        }
    }
    let starts_off = optional(text, table, POWER, power)?;
    let ports = optional(text, table, NETWORKS, |found| ports(found, networks))?;
    let guest = optional(text, table, GUEST, |found| word(GUEST, "name", HOST, found))?;
    let Some((guest_line, guest)) = guest else {
        let refusal = Refusal::new("it names no guest", write(GUEST, &format!("{HOST:?}")));
        return Err(Mistake::new(part.line, refusal));
    };
    Ok(NodeTable {
        name: part.name.to_owned(),
        title: part.title.clone(),
        line: part.line,
        guest,
        guest_line,
        networks: ports.map(|(_, ports)| ports).unwrap_or_default(),
        interfaces: Vec::new(),
        settings,
        starts_off: starts_off.is_some_and(|(_, off)| off),
    })
}

/// Refuses `network` where `networks` is meant.
fn outside(found: &DeValue<'_>, known: &[Network]) -> Result<(), Refusal> {
    let is_known = |name: &str| known.iter().any(|network| network.name == name);
    let meant = match found {
        DeValue::String(name) if OUTSIDE_CHOICES.contains(&&**name) => return Ok(()),
        DeValue::String(name) if is_known(name) => format!("[{name:?}]"),
        DeValue::Array(_) => "[\"lan\"]".to_owned(),
        _ => return Ok(()),
    };
    Err(Refusal::new(
        "it says whether the node has a network outside of the lab",
        write(NETWORKS, &meant),
    ))
}

/// Returns whether the node starts powered off.
fn power(found: &DeValue<'_>) -> Result<bool, Refusal> {
    let [on, off] = POWERS;
    let word = word(POWER, "word", on, found)?;
    choose(POWER, &POWERS, &word)?;
    Ok(word == off)
}

/// Returns the numbers of the networks in a list.
fn ports(found: &DeValue<'_>, known: &[Network]) -> Result<Vec<u8>, Refusal> {
    let no_list = || {
        let example = found.as_str().unwrap_or("lan");
        Refusal::new(
            "the value is not a list of names in quotes",
            write(NETWORKS, &format!("[{example:?}]")),
        )
    };
    let mut ports = Vec::new();
    for name in found.as_array().ok_or_else(no_list)?.iter() {
        let name = name.get_ref().as_str().ok_or_else(no_list)?;
        let mut numbered = (0u8..).zip(known);
        let Some((number, _)) = numbered.find(|(_, network)| network.name == name) else {
            return Err(unknown(name, known));
        };
        if ports.contains(&number) {
            return Err(Refusal::new(
                format!("network `{name}` stands there twice"),
                "a node has one port on a network: leave one out",
            ));
        }
        ports.push(number);
    }
    if ports.len() > MOST_PORTS {
        return Err(Refusal::new(
            format!("there are {}", ports.len()),
            format!("a node is on at most {MOST_PORTS} networks"),
        ));
    }
    Ok(ports)
}

/// Refuses the name of a network that there is not.
fn unknown(name: &str, known: &[Network]) -> Refusal {
    let names = || known.iter().map(|network| network.name.as_str());
    let hint = match suggestion(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => {
            "the lab has no networks: declare them in its table `networks`".to_owned()
        }
        None => format!("the networks are {}", enumerate(names(), "`", "and")),
    };
    Refusal::new(
        format!("there is no network `{}`", name.escape_debug()),
        hint,
    )
}
