//! The agent: the first process of a guest, or a process beside the image's own init. Runs a job,
//! sends its output and its verdict to the host, reaps, and ends.
//!
//! One thread, one `poll`; on a node of a lab one more of both for each job, and one that takes orders
//! from its keeper. It trusts its host, and believes nothing that the job says without the job's
//! nonce.
//!
//! A library with one function, so that nothing of the host's side is within its reach, nor it
//! within theirs; the package `vm-test-executor` makes it the program `vm-test-agent`.
#![forbid(unsafe_code)]

mod account;
mod body;
mod boot;
mod channels;
mod children;
mod container;
mod ending;
mod events;
mod harvest;
mod job;
mod kind;
mod lease;
mod libraries;
mod life;
mod limits;
mod loader;
mod machine;
mod mailbox;
mod memory;
mod orders;
mod output;
mod reap;
mod rehearsal;
mod rest;
mod run;
mod stream;
mod toolchain;
mod tools;
mod work;

pub use life::main;
