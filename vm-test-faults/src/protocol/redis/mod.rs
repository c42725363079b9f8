//! Redis: commands and replies in RESP2 and RESP3, and redis' own errors.

mod command;
mod conversation;
mod expected;
mod faults;
mod inline;
mod number;
mod protocol;
mod replies;
mod session;
#[cfg(test)]
mod tests;
mod value;

pub use protocol::Redis;
