//! What a test with [`on_vm`] does in its own process: on the host it asks the daemon for an
//! instance and follows what happens there, in the guest it runs the body and tells it where it is.
//! Use it through the crate `vm-test`.
//!
//! This crate is linked into every test binary, and that binary must also start inside a guest. So
//! it stays thin: data, the standard library, one crate for one signal, no C library, no `unsafe`
//! of its own, no thread but for the nodes of a lab and for what a test has checked all the time,
//! nothing before `main`.
#![forbid(unsafe_code)]

#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
pub use lab::{
    Child, Command, Cut, Hold, Impaired, Impairment, Lab, LabError, Link, LinkError, Node,
    NodeError, NodeWait, Output, PacketEvent, Partition, Paused, PortProxy, Proxied, ProxyEvent,
    ProxyReport, Released, Snapshot, Task, faults, lab, tools,
};
pub use vm_test_macros::on_vm;

pub use always::{Always, Holds};

mod always;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
mod call;
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
pub mod here;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
mod lab;
mod last_resort;
#[cfg(any(not(target_os = "linux"), vm_test_pretend_other_host))]
mod other_host;
mod outcome;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
mod process_file;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
mod relay;
mod run;
mod set_up;
mod site;
#[doc(hidden)]
pub mod variables;

/// Used by the expansion of [`on_vm`]. Not a public API: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::outcome::Outcome;
    pub use crate::run::{run, run_async};
    pub use crate::set_up::SetUp;
    pub use crate::site::{LabSite, Panics, Site};
    pub use vm_test_settings::guest::{Placements, Setting, Sizes, Text, Texts};
    pub use vm_test_settings::placement::Placement;
}
