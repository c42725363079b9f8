//! The protocol of MySQL and MariaDB: its packets, the login, the commands with their replies, and
//! errors.

mod capabilities;
mod command;
mod connection;
mod conversation;
mod detail;
mod fault;
mod login;
mod packet;
mod protocol;
mod reply;
#[cfg(test)]
mod tests;

pub use protocol::Mysql;
