//! A small firewall: it forwards and blocks TCP ports of the machine it runs on, with real
//! nftables.
//!
//! ```no_run
//! firewall::forward(80, "10.1.0.2:8080")?; // whoever comes to port 80 is sent to the server
//! firewall::block(23)?;                    // whoever comes to port 23 is refused
//! firewall::reset()?;                      // as if neither had been said
//! # Ok::<(), firewall::Error>(())
//! ```
//!
//! The crate has two halves. `rules` turns a wish into the text of an nftables script and touches
//! nothing, so its tests run anywhere. `machine` hands such a text to the kernel, so its tests need
//! a machine to change: they are in `tests/` and carry `#[on_vm]`. This file only wires the two.

mod error;
mod firewall;
mod kernel;
mod machine;
mod rules;

pub use error::Error;
pub use firewall::{Firewall, block, forward, reset};
