//! Faults in tests: proxies that live as long as a value of the test, and rules that read like
//! sentences.

mod engine;
mod error;
mod handle;
mod plan;
mod setup;
#[cfg(test)]
mod tests;

pub use error::FaultsError;
pub use handle::FaultProxy;
pub use plan::Plan;
pub use setup::{FaultSetup, Faults};
