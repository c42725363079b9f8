//! The daemon: one per user and version of the program. Owns all instances, admits leases, destroys what is given up.
//!
//! It is started on demand, in a session of its own, and exits when it has been idle. Its death kills its keepers.

mod admission;
mod attach;
mod boot;
mod cgroup;
mod console;
mod container;
mod delegation;
mod devices;
mod emulator;
mod ending;
mod event;
mod files;
mod handing;
mod instance;
mod kept;
mod layers;
mod lease;
mod ledger;
mod libraries;
mod life;
mod listener;
mod loops;
mod machine;
mod payload;
mod registry;
mod spares;
mod spawner;
mod start;
mod stores;
mod sweep;
mod template;

pub use crate::host::idmaps::{IDS_HINT, IdMaps, NO_IDS, Source as IdMapSource};
pub use admission::Budget;
pub use cgroup::{Limits, availability as cgroup_availability};
pub use emulator::{Emulators, may_use_kvm};
pub use ledger::describe_log;
pub use spawner::try_namespaces;
pub use start::{serve, start_detached};
pub use sweep::{Swept, sweep};

/// How long a daemon without leases stays, in seconds, unless [`ENV_IDLE`] says otherwise.
pub const IDLE_SECONDS: u64 = 15;

/// The variable that says how many seconds a daemon without leases stays.
pub const ENV_IDLE: &str = "VM_TEST_IDLE_SECONDS";
