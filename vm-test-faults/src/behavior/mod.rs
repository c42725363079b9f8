//! Behaviors: what can happen to an exchange. They have the names, options and defaults of
//! Vaurien's, and users add their own.

mod action;
mod closing;
mod delay;
mod dummy;
mod error;
mod hooks;

pub use action::{Action, Exchange};
pub use closing::{Abort, Blackout, Hang};
pub use delay::Delay;
pub use dummy::Dummy;
pub use error::{Error, ErrorOptions, Transient};
pub use hooks::{Behavior, Hook};
