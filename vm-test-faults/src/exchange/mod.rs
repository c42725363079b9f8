//! Exchanges: a request of a client and what the server answers, as they pass through the proxy.

mod buffers;
mod carrier;
mod draws;
mod end;
mod events;
mod link;
mod matching;
mod moment;
mod pending;
mod relay;
mod replies;
mod requests;
mod rule;
#[cfg(test)]
mod tests;

pub use carrier::Carrier;
pub use end::RelayError;
pub use events::{Event, Outcome};
pub use matching::{NamePattern, Which};
pub use moment::Moment;
pub use relay::relay;
pub use rule::Rule;
