//! What a test asks about the guest that it runs in: which one it is, and waits for what happens
//! there. Knows nothing of daemons and of the host.

mod condition;
mod error;
mod file;
mod listener;
mod log;
mod look;
mod pace;
mod place;
mod unit;
mod until;
mod wait;

pub use condition::Condition;
pub use error::WaitError;
pub use place::{Backend, Here, here};
pub use until::Answer;
pub use wait::Wait;
