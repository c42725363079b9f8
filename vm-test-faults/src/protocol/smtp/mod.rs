//! The protocol of mail servers: command lines, messages, replies, and errors.

mod command;
mod connection;
mod content;
mod conversation;
mod detail;
mod fault;
mod line;
mod listing;
mod protocol;
#[cfg(test)]
mod tests;

pub use protocol::Smtp;
