//! Access to the daemon: where its socket is, how it is started, how an instance ended.
//!
//! Shared by every test binary and by the program `vm-test`; not a public API, and not stable.

mod agent;
mod channel;
mod channels;
mod connection;
mod credentials;
mod demultiplexer;
mod follow;
mod job_time;
mod kept;
mod lab;
mod lease;
mod locate;
mod memory;
mod own_link;
mod questions;
mod runtime_dir;
mod silence;
mod store;
mod timeout;
mod wire;

pub use crate::environment::{FORWARDED, forwarded, identity, is_for_one_test};
pub use agent::{Agent, Speaker};
pub use channels::Channels;
pub use connection::{Connection, cure, is_gone};
pub use credentials::{BY_VARIABLE, credentials};
pub use follow::{Followed, Follower, Lost};
pub use kept::{KEEP, KEEP_LAB, keep, program};
pub use lab::Lab;
pub use lease::{Lease, cause_of};
pub use locate::Executor;
pub use own_link::order_link;
pub use questions::{console, exit_report, record};
pub use runtime_dir::{RuntimeDir, kind_of};
pub use silence::{holder, is_stopped};
pub use store::store;
pub use timeout::is_timeout;
