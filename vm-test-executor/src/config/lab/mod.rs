//! Labs: their networks and nodes as `vm-test.toml` declares them, and the addresses of the nodes.
//! Decided from text; makes no network.

mod addresses;
mod containerlab;
mod declared;
mod draft;
mod endpoints;
mod entries;
mod network;
mod node;
mod origin;
mod parts;
mod proxies;
mod reference;
mod routers;
mod routes;
mod schema;
mod site;
mod topology;
mod yaml;

pub(super) use declared::Declared;
pub(super) use draft::Draft;
pub(super) use origin::Origin;
pub(super) use schema::schema;
pub use topology::{Addresses, Forwarding, Lab, Mapped, Network, Node, Port, Router, Translation};

#[cfg(test)]
mod tests;
