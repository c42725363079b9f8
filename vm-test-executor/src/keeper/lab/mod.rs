//! The keeper of a lab: pid 1 of the namespaces that all its nodes are below. It owns the lab's
//! networks and starts the keepers of its nodes. When it dies, for whatever reason, the kernel
//! takes the whole lab down with it.

mod faults;
mod ids;
mod lane;
mod life;
mod links;
mod messages;
mod pcap;
mod recorder;
mod relay;
mod relayed;
mod segment;
mod stations;
mod switch;

pub use life::{LAB, main};
pub use messages::{Carried, Fault, Ids, LabReport, LinkKind, Network, Node, Port, ToLab};
