//! What guests get by their settings in `vm-test.toml`, in containers and on VMs: seen by commands
//! that run there. What the settings look like, unit tests check.

mod bench;
mod files;
mod forward;
mod interfaces;
mod modules;
mod nameless;
