//! A gateway between the clients on one network and the servers on another: it forwards ports,
//! routes what its rules let pass, and drops the rest.
//!
//! It changes the machine that it runs on, so its tests run on a lab: the gateway, a client, and
//! two servers.

mod error;
mod machine;
mod rule;
mod script;
mod site;

pub use error::Error;
pub use rule::{Rule, Transport};
pub use site::{Site, rules};

use std::net::Ipv4Addr;

/// Makes this host a gateway with these rules; `own` is its address on the clients' network.
///
/// Repeating it replaces the rules. The kernel holds them, so they outlive the process.
///
/// # Errors
/// If nft cannot be run or refuses the rules, or forwarding cannot be switched on.
pub fn open(own: Ipv4Addr, rules: &[Rule]) -> Result<(), Error> {
    machine::load(&script::of(own, rules))?;
    machine::switch_on_forwarding()
}

/// Adds an interface for a VLAN on top of `interface`, with this address.
///
/// # Errors
/// If `ip` cannot be run or refuses it.
pub fn join_vlan(interface: &str, id: u16, address: Ipv4Addr) -> Result<(), Error> {
    machine::add_vlan(interface, id, address)
}
