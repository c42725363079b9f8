//! Faults of this guest, each of which lasts as long as the tool and is undone then. Each knows
//! what it needs of the guest, and says so where the guest lacks it.

mod begin;
mod block_server;
mod clock;
mod cpu;
mod faulty_disk;
mod file;
mod full_disk;
mod holders;
mod memory;
mod mounts;
mod processes;
mod read_only;
mod refusal;
mod signals;
mod small_disk;

pub(super) use begin::have;
