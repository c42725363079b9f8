//! The keeper of a lab: pid 1 of the namespaces that all its nodes are below. It owns the lab's
//! networks and starts the keepers of its nodes. When it dies, for whatever reason, the kernel
//! takes the whole lab down with it.

mod bridge_ports;
mod card;
mod checksum;
mod diverted;
mod draws;
mod fate;
mod faults;
mod ids;
mod impaired;
mod interfaces;
mod ipv6;
mod lane;
mod life;
mod links;
mod messages;
mod moves;
mod outlet;
mod own_link;
mod pcap;
mod proxies;
mod queue;
mod recorder;
mod redirects;
mod relay;
mod relayed;
mod relayed_link;
mod room;
mod router;
#[cfg(test)]
mod scene;
mod segment;
mod segments;
mod shortcut_moves;
mod shortcuts;
mod stations;
mod switch;
mod timer;
mod unaffected;
mod way;
mod wires;

pub use interfaces::{MTU, hardware_address, interface};
pub use life::{LAB, main};
pub use messages::{Carried, Fault, Ids, LabReport, LinkKind, Network, Node, Port, ToLab};
pub use own_link::main as carry_own_link;
pub use room::OWN_LINK;
pub use router::PACKET_FILTER;

pub(super) use interfaces::join;
pub(super) use own_link::serve_card;
pub(super) use room::{UPLINK, connect, make as make_room};
