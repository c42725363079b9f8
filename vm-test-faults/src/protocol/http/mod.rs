//! HTTP/1.1: heads, bodies of all framings, and errors as servers say them.

mod answer;
mod body;
mod chunks;
mod conversation;
mod head;
mod part;
mod protocol;
#[cfg(test)]
mod tests;

pub use protocol::Http;
