//! The host's side of the files that a job leaves in its guest: reads them from the agent's stream
//! and writes them. A guest is not trusted: this module decides which file its data may become, and
//! writes nothing else. Removes what older runs have left in the same places.
//!
//! Shared by every test binary and by the program `vm-test`; not a public API, and not stable.

mod destination;
mod draft;
mod history;
mod instrumented;
mod names;
mod places;
mod profile;
mod take;

pub use destination::Destination;
pub use history::forget_old_runs;
pub use names::{binary_name, directory_name};
pub use places::{Places, ProfilePlace, drafts};
pub use take::{Harvest, complain};
