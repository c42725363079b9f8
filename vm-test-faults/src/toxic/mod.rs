//! Toxics: what Toxiproxy calls the faults of a connection, one direction at a time. They do no
//! input or output; they say what becomes of bytes, and when.

mod bandwidth;
mod chain;
mod chunk;
mod definition;
mod delay;
mod effect;
mod ending;
mod kind;
mod list;
mod slicer;
mod stage;
#[cfg(test)]
mod tests;

pub(crate) use chain::{Chain, Place};
pub(crate) use chunk::{Chunk, End};
pub use definition::{Direction, Toxic};
pub use kind::Kind;
pub(crate) use list::Listed;
pub use list::{ToxicError, Toxics};
