//! The keeper: the process that is pid 1 of an instance's world. When it dies, for whatever reason,
//! the kernel takes the world down with it: every process, mount, interface.
//!
//! It gets an [`Assignment`] from the daemon, puts the root file system together, runs the backend,
//! and exits when the guest has ended. It never talks to a guest.

mod adoption;
mod builder;
mod container;
mod control;
mod errors;
mod forward;
mod handed;
pub mod lab;
mod lease;
mod life;
mod machine;
mod messages;
mod mounts;
mod outside;
mod own_name;
mod pipe;
mod start;
mod trial;
mod upper;
mod world;
mod zygote;
mod zygote_messages;

pub use adoption::has_any;
pub use forward::{FORWARD, forward_main};
pub use life::{COMMAND, MOST_TREES, main};
pub use messages::{Descriptor, KeeperReport, ToKeeper, describe_end};
pub use outside::{PASTA, TUN};
pub use start::{Isolation, start};
pub use trial::{TRIAL, TrialReport, try_out};
pub use world::{Assignment, Container, Network, Vm, World};
pub use zygote::{ZYGOTE, Zygote, main as zygote_main};
