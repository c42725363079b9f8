//! The text protocol of memcached: lines, some of them with a block of data behind.

mod command;
mod conversation;
mod expected;
mod meta;
mod replies;

pub(super) use conversation::TextConversation;
