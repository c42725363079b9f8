//! The table of a network of a lab, and what it may say. Does not look at other networks.

use super::parts::Part;
use super::topology::{Network, Translation};
use crate::config::mistake::Mistake;
use crate::config::value::{check_keys, choose, number, optional, text as word, write};
use std::ops::RangeInclusive;
use toml::de::DeValue;
use vm_test_settings::form::Refusal;

pub(super) const TRUNK: &str = "trunk";
pub(super) const MTU: &str = "mtu";
pub(super) const ROUTER: &str = "router";
pub(super) const UPSTREAM: &str = "upstream";

/// The largest packet that a network carries unless its table says otherwise, as on Ethernet.
pub(super) const USUAL_MTU: u32 = 1500;

/// The smallest and the largest choice.
///
/// Below 1280 bytes Linux takes IP version 6 from an interface, and addresses of it are leased. The
/// jumbo frames of switches end at 9216; bridges, taps and virtio cards would take more.
pub(super) const MTUS: RangeInclusive<u32> = 1280..=9216;

/// What `router` takes besides the names of translations.
pub(super) const NO_ROUTER: &str = "none";

/// What `router` takes, with what each does.
pub(super) const ROUTERS: [(&str, Option<Translation>); 4] = [
    (NO_ROUTER, None),
    ("easy-nat", Some(Translation::Easy)),
    ("hard-nat", Some(Translation::Hard)),
    ("one-to-one", Some(Translation::OneToOne)),
];

/// A network as its table declares it.
#[derive(Clone, Debug)]
pub(super) struct NetworkTable {
    pub(super) network: Network,
    /// What it is called in messages.
    pub(super) title: String,
    /// The number of the line of its name.
    pub(super) line: usize,
    /// What its router does, if it has one.
    pub(super) router: Option<Translation>,
    /// The network that its router leads to, with the line that says so.
    pub(super) upstream: Option<(usize, String)>,
}

impl Network {
    /// Returns a network that no table says anything of.
    pub(super) fn plain(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            trunk: false,
            mtu: USUAL_MTU,
            router: None,
        }
    }
}

/// Reads the table of a network.
pub(super) fn read(text: &str, part: &Part<'_, '_>) -> Result<NetworkTable, Mistake> {
    let table = part.table;
    check_keys(text, table, &[TRUNK, MTU, ROUTER, UPSTREAM])?;
    let trunk = optional(text, table, TRUNK, trunk)?;
    let mtu = optional(text, table, MTU, mtu)?;
    let router = optional(text, table, ROUTER, router)?;
    let upstream = optional(text, table, UPSTREAM, |found| {
        word(UPSTREAM, "name", "wan", found)
    })?;
    let trunk = trunk.is_some_and(|(_, is_one)| is_one);
    let translates = router.and_then(|(line, kind)| Some((line, kind?)));
    if let (true, Some((line, _))) = (trunk, translates) {
        let cause = "the network is a trunk, and only addresses can be routed";
        let refusal = Refusal::new(cause, "leave one of the two out");
        return Err(Mistake::of_key(line, ROUTER, refusal));
    }
    if let (None, Some((line, _))) = (translates, &upstream) {
        let cause = "the network has no router, which would lead there";
        let refusal = Refusal::new(cause, write(ROUTER, "\"easy-nat\""));
        return Err(Mistake::of_key(*line, UPSTREAM, refusal));
    }
    Ok(NetworkTable {
        network: Network {
            trunk,
            mtu: mtu.map_or(USUAL_MTU, |(_, mtu)| mtu),
            ..Network::plain(part.name)
        },
        title: part.title.clone(),
        line: part.line,
        router: translates.map(|(_, kind)| kind),
        upstream,
    })
}

fn trunk(found: &DeValue<'_>) -> Result<bool, Refusal> {
    found.as_bool().ok_or_else(|| {
        Refusal::new(
            "the value is neither `true` nor `false`",
            write(TRUNK, "true"),
        )
    })
}

fn mtu(found: &DeValue<'_>) -> Result<u32, Refusal> {
    let mtu = number(found).filter(|mtu| MTUS.contains(mtu));
    mtu.ok_or_else(|| {
        let (least, most) = (*MTUS.start(), *MTUS.end());
        Refusal::new(
            format!("the value is not a whole number from {least} to {most}"),
            write(MTU, "9000"),
        )
    })
}

fn router(found: &DeValue<'_>) -> Result<Option<Translation>, Refusal> {
    let word = word(ROUTER, "word", NO_ROUTER, found)?;
    choose(ROUTER, &ROUTERS.map(|(word, _)| word), &word)?;
    let chosen = ROUTERS.iter().find(|(known, _)| *known == word);
    Ok(chosen.and_then(|(_, translation)| *translation))
}
