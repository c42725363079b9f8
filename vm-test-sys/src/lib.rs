//! What the programs of vm-test need of the system below them, on the host and in guests: requests
//! to the kernel and C functions that neither the standard library nor rustix offers, and files
//! whose form the system decides. One file per thing, no policy.
//!
//! Besides `vm-test-call`, the only crate with `unsafe`. A part of vm-test that only its own crates use: it changes without
//! notice.
#![expect(
    unsafe_code,
    reason = "UNSAFETY: system calls and C functions without a safe wrapper; each block says why it is sound"
)]

pub mod batch;
pub mod btrfs;
pub mod clock_rate;
pub mod copies;
pub mod elf;
pub mod entropy;
pub mod filter;
pub mod fork;
pub mod handover;
pub mod hosts;
pub mod identity;
pub mod idmap;
pub mod inherited;
pub mod interface;
pub mod keyring;
pub mod links;
pub mod loop_device;
pub mod loopback;
pub mod lxc;
pub mod namespaces;
pub mod nbd;
pub mod network;
pub mod packet;
pub mod packet_program;
pub mod priority;
pub mod process;
pub mod read_only;
pub mod ring;
pub mod session;
mod tag;
pub mod tap;
pub mod ticks;
