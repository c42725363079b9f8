//! The suite `returns` on a VM: the same files come back, and the same files stay.

#[path = "../returns/place.rs"]
mod place;
#[path = "../returns/rows.rs"]
mod rows;
mod setting;
