//! The host's side of one test: lease, job, output, verdict, and what libtest is told. Never runs a
//! body.
//!
//! The rule of this module: it returns to its caller only for a test whose guest said `Passed`,
//! with this job's nonce, and whose process then ended without a signal. Everything else ends the
//! test as a failure.

mod aloud;
mod annotation;
mod caller;
mod conclusion;
mod entry;
mod environment_hash;
mod harness;
mod harvest;
mod job;
mod journal;
mod lab_report;
mod lease;
mod libtest;
mod lineage;
mod listing;
mod node;
mod node_files;
mod node_job;
mod nodes;
mod own_link;
mod power;
mod reason;
mod record;
mod reply;
mod report;
mod set_up;
mod skip;
mod snapshot;
mod tail;
mod task;
mod tasks;
mod termination;
mod test;
mod tool_job;
mod tracer;
mod unknown;
mod unread;
mod verdict;
mod waiting;
mod watch;

pub(crate) use test::dispatch;
