//! A network of a lab, and what its table may say.

use super::parts::Part;
use crate::config::mistake::Mistake;
use crate::config::value::{check_keys, choose, number, optional, text as word, write};
use std::ops::RangeInclusive;
use toml::de::DeValue;
use vm_test_settings::form::Refusal;

const TRUNK: &str = "trunk";
const MTU: &str = "mtu";
const ROUTER: &str = "router";

/// The largest packet that a network carries unless its table says otherwise, as on Ethernet.
const USUAL_MTU: u32 = 1500;

/// The smallest and the largest choice.
///
/// Below 1280 bytes Linux takes IP version 6 from an interface, and addresses of it are leased. The
/// jumbo frames of switches end at 9216; bridges, taps and virtio cards would take more.
const MTUS: RangeInclusive<u32> = 1280..=9216;

/// What `router` takes. This version has only the first.
const ROUTERS: [&str; 4] = ["none", "easy-nat", "hard-nat", "one-to-one"];

/// A network of a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name in the lab.
    pub name: String,
    /// Whether it has no addresses, for frames with the tags of VLANs.
    pub trunk: bool,
    /// The size of the largest packet, in bytes.
    pub mtu: u32,
}

/// Reads the table of a network.
pub(super) fn read(text: &str, part: &Part<'_, '_>) -> Result<Network, Mistake> {
    let table = part.table;
    check_keys(text, table, &[TRUNK, MTU, ROUTER])?;
    optional(text, table, ROUTER, router)?;
    let trunk = optional(text, table, TRUNK, trunk)?;
    let mtu = optional(text, table, MTU, mtu)?;
    Ok(Network {
        name: part.name.to_owned(),
        trunk: trunk.is_some_and(|(_, is_one)| is_one),
        mtu: mtu.map_or(USUAL_MTU, |(_, mtu)| mtu),
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

fn router(found: &DeValue<'_>) -> Result<(), Refusal> {
    let [none, ..] = ROUTERS;
    let word = word(ROUTER, "word", none, found)?;
    choose(ROUTER, &ROUTERS, &word)?;
    if word == none {
        return Ok(());
    }
    Err(Refusal::new(
        format!("this version has no router `{word}`"),
        "leave it out, and declare a node that routes",
    ))
}
