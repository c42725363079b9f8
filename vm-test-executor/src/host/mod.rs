//! What this host allows this user to do: which ids a guest may have, and why namespaces are
//! refused. Changes nothing.

mod aliases;
pub mod credentials;
mod free_ids;
pub mod hidden;
pub mod idmaps;
pub mod lack;
pub mod modules;
pub mod mountinfo;
pub mod processors;
pub mod programs;
pub mod ranges;
pub mod refusal;

pub use free_ids::ids_hint;
