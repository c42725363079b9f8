//! What an instance needs before it starts: files, disks, a template, devices, limits. Decides and makes it; knows no lease.

pub(super) mod boot;
pub(super) mod container;
mod emulator;
pub(super) mod hardware;
mod layers;
mod libraries;
pub(super) mod machine;
mod names;
mod payload;
mod ready;
mod refusal;
pub(super) mod stores;
mod template;
mod tools;

pub use emulator::{Emulators, may_use_kvm};
pub(super) use libraries::Libraries;
pub(super) use names::Names;
pub(super) use ready::{Held, Ready};
pub(super) use tools::Tools;
