//! The daemon: one per user and version of the program. Owns all instances, admits leases, destroys released instances.
//!
//! It is started on demand, in its own session, and exits when it has been idle. Its death kills its keepers.

mod admission;
mod attach;
mod boot;
mod budget;
mod claims;
mod container;
mod emulator;
mod environment;
mod files;
mod gate;
mod instance;
mod kept;
mod layers;
mod lease;
mod ledger;
mod libraries;
mod life;
mod listener;
mod log;
mod machine;
mod payload;
mod registry;
mod regular;
mod spares;
mod start;
mod stores;
mod sweep;
mod template;

pub use crate::host::idmaps::{IdMaps, Source as IdMapSource, ids_hint};
pub use crate::host::ranges::doubts as id_doubts;
pub use budget::Budget;
pub use emulator::{Emulators, may_use_kvm};
pub use instance::boots::kept as log_of_boot;
pub use instance::cgroup::{Limits, availability as cgroup_availability};
pub use instance::try_namespaces;
pub use ledger::describe_log;
pub use start::{serve, start_detached};
pub use sweep::{Swept, sweep};

/// How long a daemon without leases stays, in seconds, unless the environment says otherwise.
const IDLE_SECONDS: u64 = 15;
