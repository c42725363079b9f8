//! What the body of a test does with the nodes of its lab. It runs on one of them, or on the driver,
//! and asks the test process on the host for everything that concerns another node. Runs in guests
//! only.

mod command;
mod error;
mod exchange;
mod handle;
mod order;
mod power;
mod snapshot;
mod work;

pub use command::{Command, Output};
pub use error::NodeError;
pub use handle::{Lab, Node, lab};
pub use order::LabError;
pub use power::Paused;
pub use snapshot::Snapshot;
