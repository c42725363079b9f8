//! Dialogues of clients and servers of MySQL, in pieces of every size.

mod beginnings;
mod commands;
mod dialogue;
mod errors;
mod samples;
