//! What the proxy knows of a protocol: where a request begins and ends, which reply belongs to it,
//! and how an error is said.

mod conversation;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod harness;
mod named;
mod request;
mod suggestion;
mod text;

pub mod http;
pub mod memcache;
pub mod redis;
pub mod tcp;

pub use conversation::{Conversation, Protocol};
pub use error::{Fault, KnownFault, Unsupported, Violation};
pub use named::{PROTOCOLS, protocol_named};
pub use request::{Answer, Answers, Instead, Request, Step, Taken};
pub use suggestion::unknown_fault;
