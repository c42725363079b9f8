//! The daemon: one per user and version of the program. Owns all instances, admits leases, destroys what is given up.
//!
//! It is started on demand, in a session of its own, and exits when it has been idle. Its death kills its keepers.

mod admission;
mod boot;
mod cgroup;
mod console;
mod delegation;
mod devices;
mod event;
mod instance;
mod layers;
mod lease;
mod libraries;
mod listener;
mod loops;
mod registry;
mod spawner;
mod start;
mod sweep;

pub use crate::host::idmaps::{IDS_HINT, IdMaps, NO_IDS, Source as IdMapSource};
pub use admission::Budget;
pub use cgroup::{Limits, availability as cgroup_availability};
pub use spawner::try_namespaces;
pub use start::{serve, start_detached};
pub use sweep::{Swept, sweep};

/// How long a daemon without leases stays, in seconds, unless [`ENV_IDLE`] says otherwise.
pub const IDLE_SECONDS: u64 = 15;

/// The variable that says how many seconds a daemon without leases stays.
pub const ENV_IDLE: &str = "VM_TEST_IDLE_SECONDS";
