//! Memcached: the text protocol with its meta commands, the binary protocol, and their errors.

mod binary;
mod conversation;
mod faults;
mod protocol;
#[cfg(test)]
mod tests;
mod text;

pub use protocol::Memcache;
