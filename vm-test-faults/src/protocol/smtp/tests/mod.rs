//! Dialogues of mail clients and servers.

mod conversations;
mod dialogue;
mod errors;
mod samples;
mod second_opinion;
