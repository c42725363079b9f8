//! Tests that change the machine they run on.
//!
//! ```text
//! #[vm_test::on_vm("worker-1")]
//! #[test]
//! fn port_80_is_forwarded() {
//!     firewall::forward(80, "10.1.0.2:8080").unwrap();    // real nftables, real kernel
//!     assert_eq!(http_get("http://10.2.0.1/"), 200);       // real packets
//! }
//! ```
//!
//! The test runs in a fresh guest; everything it did is rolled back; its panic and output come back, so that
//! `cargo test`, `cargo nextest` and the IDE see an ordinary local test. See [`on_vm`] for all that can be set.
//!
//! This crate is linked into every test binary, and that binary must also start inside a guest. So it stays thin: data,
//! the standard library, one crate for one signal, no C library, no `unsafe` of its own, no thread, nothing before `main`.
#![forbid(unsafe_code)]

pub use vm_test_macros::on_vm;

#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
#[doc(hidden)]
pub mod cargo;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
#[doc(hidden)]
pub mod client;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
mod dispatch;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
mod environment;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
mod guest;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
#[doc(hidden)]
pub mod harvest;
mod last_resort;
#[cfg(any(not(target_os = "linux"), vm_test_pretend_other_host))]
mod other_host;
mod outcome;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
mod relay;
mod run;
mod site;
#[doc(hidden)]
pub mod variables;

/// What the expansion of [`on_vm`] names. Not for people: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::outcome::Outcome;
    pub use crate::run::{run, run_async};
    pub use crate::site::{Panics, Setting, Site};
}
