//! What the body of a test does with the nodes of its lab. It runs on one of them, or on the driver,
//! and asks the test process on the host for everything that concerns another node. Runs in guests
//! only.

mod asking;
mod child;
mod command;
mod error;
mod exchange;
mod file;
mod function;
mod handle;
mod line;
mod patience;
mod permit;
mod questions;
mod started;
mod task;
mod told;
mod wait;
mod work;

pub use child::Child;
pub use command::{Command, Output};
pub use error::NodeError;
pub use handle::{Lab, Node, lab};
pub use task::Task;
pub use wait::NodeWait;
