//! The only place with `unsafe`: what neither the standard library nor rustix offers. One file per
//! thing, no policy.
#![expect(
    unsafe_code,
    reason = "UNSAFETY: system calls and C functions without a safe wrapper; each block says why it is sound"
)]

pub mod btrfs;
pub mod entropy;
pub mod filter;
pub mod handover;
pub mod idmap;
pub mod inherited;
pub mod interface;
pub mod keyring;
pub mod loop_device;
pub mod loopback;
pub mod lxc;
pub mod namespaces;
pub mod priority;
pub mod read_only;
pub mod session;
