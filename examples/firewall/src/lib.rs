//! A small firewall: it forwards and blocks TCP ports of the host it runs on, with real nftables.
//!
//! ```no_run
//! firewall::forward(80, "10.1.0.2:8080")?; // port 80 leads to the server
//! firewall::block(23)?;                    // port 23 is closed
//! firewall::reset()?;                      // both are removed
//! # Ok::<(), firewall::Error>(())
//! ```
//!
//! The crate has two halves. `rules` turns a request into the text of an nftables script and
//! touches nothing, so its tests run anywhere. `machine` passes that text to the kernel, so its
//! tests need a host that they may change: they are in `tests/` and have the attribute `#[on_vm]`.
//! This file only connects the two.

mod error;
mod firewall;
mod kernel;
mod machine;
mod rules;

pub use error::Error;
pub use firewall::{Firewall, block, forward, reset};
