//! Images: what guests start from. A recipe is built into layers, each stored once under the hash of all that went into
//! it; an image is a name for a stack of them. Nothing here is ever changed in place.

mod base;
mod build;
mod chain;
mod collection;
mod commit;
mod digest;
mod export;
mod import;
mod inside;
mod layer;
mod locks;
mod merge;
mod recipe;
mod record;
mod space;
mod stacked;
mod store;
mod task;

pub use build::{Runner, build, verify};
pub use collection::{Collected, collect};
pub use commit::Session;
pub use export::export;
pub use import::Source;
pub use inside::{COMMAND as INSIDE_COMMAND, main as inside_main};
pub use layer::Progress;
pub use locks::{Held, Reservation};
pub use recipe::{Base, Recipe, find as find_recipe};
pub use record::{ImageRecord, LayerRecord};
pub use store::Store;
