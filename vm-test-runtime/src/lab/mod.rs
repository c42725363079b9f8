//! What the body of a test does with the nodes of its lab, and with its own guest's link. It runs on
//! one of them, or on the driver, and asks the test process on the host for everything that concerns
//! another node. Runs in guests only.

mod asking;
mod capture;
mod child;
mod command;
mod error;
mod exchange;
mod fault;
pub mod faults;
mod file;
mod function;
mod handle;
mod impairment;
mod line;
mod links;
mod order;
mod patience;
mod permit;
mod power;
mod proxied;
mod proxy;
mod questions;
mod snapshot;
mod started;
mod task;
mod told;
pub mod tools;
mod wait;
mod work;

pub use child::Child;
pub use command::{Command, Output};
pub use error::NodeError;
pub use fault::{LinkError, Released};
pub use handle::{Lab, Node, lab};
pub use impairment::{Impaired, Impairment, PacketEvent};
pub use links::{Cut, Hold, Link, Partition};
pub use order::LabError;
pub use power::Paused;
pub use proxied::Proxied;
pub use proxy::PortProxy;
pub use snapshot::Snapshot;
pub use task::Task;
pub use vm_test_protocol::proxy::{ProxyEvent, ProxyReport};
pub use wait::NodeWait;
