//! The insides of the programs `vm-test` (command line, daemon, keeper) and `vm-test-agent` (inside a guest).
//!
//! Layers, top to bottom, none imports upwards: `cli` → `daemon` → `keeper` → `backend` → `rootfs`, `config` → `sys`.
//! `agent` runs in the guest and shares with the host's side only `elf`, `hosts`, `process`, `sys` and the protocol. Not an API for others.

pub mod agent;
pub mod backend;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod elf;
pub mod host;
pub mod hosts;
pub mod image;
pub mod keeper;
pub mod process;
pub mod rootfs;
pub mod sys;
