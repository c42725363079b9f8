//! What the body of a test does with the nodes of its lab. It runs on one of them, or on the driver,
//! and asks the test process on the host for everything that concerns another node. Runs in guests
//! only.

mod command;
mod error;
mod exchange;
mod fault;
mod handle;
mod links;
mod work;

pub use command::{Command, Output};
pub use error::NodeError;
pub use fault::{LinkError, Released};
pub use handle::{Lab, Node, lab};
pub use links::{Cut, Hold, Link, Partition};
