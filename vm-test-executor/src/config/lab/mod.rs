//! Labs: their networks and nodes as `vm-test.toml` declares them, and the addresses of the nodes.
//! Decided from text; makes no network.

mod addresses;
mod draft;
mod label;
mod network;
mod node;
mod parts;
mod topology;

pub(super) use draft::Draft;
pub use network::Network;
pub use topology::{Addresses, Lab, Node, Port};

#[cfg(test)]
mod tests;
