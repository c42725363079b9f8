//! The host's side of what a job leaves in its guest: takes files off the agent's stream and writes them. What comes from
//! a guest is anybody's: here it is decided which file it may become, and nothing is written elsewhere. Forgets what older runs
//! have left in the same places.
//!
//! Shared by every test binary and by the program `vm-test`; not for people, and without promises of stability.

mod draft;
mod history;
mod instrumented;
mod names;
mod places;
mod profile;
mod take;

pub use history::forget_old_runs;
pub use names::{binary_name, directory_name};
pub use places::{Places, ProfilePlace, drafts};
pub use take::Harvest;
