//! The proxy before a port of a lab's node: a process in the lab's network namespace that carries
//! what other nodes send to the port, and does to it what a test has ordered. Knows no lab.

mod behaviors;
mod life;
mod messages;
mod server;

pub use life::{COMMAND, give_up_rights, main};
pub use messages::{FromProxy, Place, Start, ToProxy};
