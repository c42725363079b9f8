//! The messages that test process, daemon, keeper, agent and test body exchange: plain data, no
//! sockets, no behaviour.
//!
//! Every connection carries length-prefixed postcard frames (see [`frame`]). The first frame in each direction names
//! the protocol version, so that a stale program is recognised before anything else is decoded.
//!
//! A part of vm-test that only its own crates use: it changes without notice.
#![forbid(unsafe_code)]

pub mod agent;
pub mod body;
mod bytes;
pub mod daemon;
pub mod errno;
pub mod failure;
pub mod frame;
pub mod harvest;
pub mod machine;
pub mod mailbox;
pub mod pattern;
pub mod record;

/// Version of every message in this crate; raised with every change of any of them.
pub const PROTOCOL: u32 = 13;

/// Where the agent listens inside a guest, for the test body to report to.
pub const BODY_SOCKET: &str = "/run/vm-test/agent.sock";

/// A pipe that the agent holds open where it is not the first process of its guest.
pub const ALIVE: &str = "/run/vm-test/alive";

/// Where the agent program itself appears inside a guest.
pub const AGENT_PATH: &str = "/run/vm-test/agent";

/// Where the host's loader and libraries appear in a guest that is not made of the host's own files.
pub const LIBRARIES: &str = "/run/vm-test/lib";

/// Set in the guest, to the job's nonce in hexadecimal: this process is to run the body, not to dispatch it.
pub const ENV_JOB: &str = "VM_TEST_JOB";

/// Set in the guest: the full libtest name of the test that may run its body.
pub const ENV_TEST: &str = "VM_TEST_TEST";

/// An edge of a body's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Just before the body.
    Begin,
    /// Just after it.
    End,
}

/// Returns the bytes that the test process writes to both of its output streams at the edges of the
/// body, so that libtest's own lines in the guest can be told from the test's.
#[must_use]
pub fn output_marker(nonce: u128, edge: Edge) -> Vec<u8> {
    let edge = match edge {
        Edge::Begin => "begin",
        Edge::End => "end",
    };
    format!("\0\x1evm-test:{nonce:032x}:{edge}\0").into_bytes()
}
