//! The daemon: one per user and version of the program. Owns all instances, admits leases, destroys
//! released instances.
//!
//! It is started on demand, in its own session, and exits when it has been idle. Its death kills
//! its keepers.

mod environment;
mod files;
mod gate;
mod instance;
mod lease;
mod listener;
mod log;
mod prepare;
mod regular;
mod start;
mod sweep;

pub use crate::host::idmaps::{IdMaps, Source as IdMapSource};
pub use crate::host::ids_hint;
pub use crate::host::ranges::doubts as id_doubts;
pub use instance::boots::kept as log_of_boot;
pub use instance::cgroup::{Limits, availability as cgroup_availability};
pub use instance::try_namespaces;
pub use lease::{Budget, describe_log};
pub use prepare::{Emulators, guest_of, may_use_kvm};
pub use start::{serve, start_detached};
pub use sweep::{Swept, sweep};
