//! The keeper of a lab: pid 1 of the namespaces that all its nodes are below. It owns the lab's
//! networks and starts the keepers of its nodes. When it dies, for whatever reason, the kernel
//! takes the whole lab down with it.

mod ids;
mod life;
mod links;
mod messages;
mod router;
mod switch;

pub use life::{LAB, main};
pub use messages::{Ids, LabReport, LinkKind, Network, Node, Port, ToLab};
pub use router::PACKET_FILTER;
