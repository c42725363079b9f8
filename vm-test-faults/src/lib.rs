//! Faults between a program and the servers it uses: a proxy that delays, cuts and closes
//! connections, and that answers requests with errors of the protocol it carries.
//!
//! It knows TCP and some protocols above it. It knows nothing of guests and labs.

mod address;
pub mod api;
pub mod behavior;
mod descriptors;
pub mod exchange;
pub mod faults;
mod file;
mod log;
pub mod program;
pub mod protocol;
pub mod proxy;
mod random;
mod seed;
pub mod toxic;
pub mod vaurien;

pub use log::{Level, Log};
pub use seed::Seed;
