//! The insides of the program `vm-test`: command line, daemon, keeper.
//!
//! Layers, top to bottom, none imports upwards: `cli` → `daemon` → `keeper` → `backend` → `image` →
//! `rootfs`, `config` → `host`. What runs in guests is the crate `vm-test-agent`. Not an API for
//! others.
#![forbid(unsafe_code)]

pub mod backend;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod host;
pub mod image;
pub mod keeper;
pub mod proxy;
pub mod rootfs;
pub mod sync;
