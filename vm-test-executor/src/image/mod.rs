//! Images: what guests start from. A recipe is built into layers, each stored once under the hash of all that went into
//! it; an image is a name for a stack of them. Nothing here is ever changed in place.

mod base;
mod build;
mod digest;
mod inside;
mod recipe;
mod record;
mod store;

pub use build::{Progress, Runner, build, verify};
pub use inside::{COMMAND as INSIDE_COMMAND, main as inside_main};
pub use recipe::{Recipe, find as find_recipe};
pub use record::{ImageRecord, LayerRecord};
pub use store::Store;
