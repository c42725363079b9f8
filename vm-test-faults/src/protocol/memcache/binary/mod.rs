//! The binary protocol of memcached: packets with a header of 24 bytes.

mod conversation;
mod header;
mod opcode;

pub(super) use conversation::BinaryConversation;
pub(super) use header::{REQUEST, behind_header};
