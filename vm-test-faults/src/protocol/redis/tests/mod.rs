//! Conversations with redis as both sides hold them, in pieces of any size.

mod commands;
mod dialogue;
mod errors;
mod samples;
mod unasked;
