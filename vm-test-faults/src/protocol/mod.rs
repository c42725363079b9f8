//! What the proxy knows of a protocol: where a request begins and ends, which reply belongs to it,
//! and how an error is said.

mod conversation;
#[cfg(test)]
mod driver;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod harness;
mod name;
mod named;
mod request;
mod suggestion;
mod text;
mod tls;

pub mod http;
pub mod memcache;
pub mod mysql;
pub mod redis;
pub mod smtp;
pub mod tcp;

pub use conversation::{Conversation, Protocol};
pub use error::{Fault, KnownFault, Unsupported, Violation};
pub use named::{PROTOCOLS, protocol_named};
pub use request::{Answer, Answers, Instead, Request, Step, Taken};
pub use suggestion::unknown_fault;
pub use tls::Tls;
