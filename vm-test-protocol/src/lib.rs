//! The messages between test process, daemon, keeper, agent and test body.
//!
//! They are plain data, without sockets or behaviour. Every connection carries length-prefixed
//! postcard frames (see [`frame`]). The first frame in each direction contains the protocol
//! version, so that an outdated program is recognised before anything else is decoded.
//!
//! This crate is internal to vm-test and changes without notice.
#![forbid(unsafe_code)]

pub mod agent;
pub mod body;
mod bytes;
pub mod channel;
pub mod daemon;
pub mod dissection;
pub mod end;
pub mod errno;
pub mod failure;
pub mod filter;
pub mod forwarded;
pub mod frame;
pub mod harvest;
pub mod impairment;
pub mod lab;
mod layer_build;
pub mod machine;
pub mod mailbox;
pub mod node_fault;
pub mod order;
pub mod pattern;
pub mod proxy;
pub mod record;
pub mod set_up;
pub mod startup;
pub mod status;
pub mod tool;

/// The version of all messages in this crate; incremented with every change to any of them.
pub const PROTOCOL: u32 = 19;

/// The socket in a guest where the agent listens for reports of the test body.
pub const BODY_SOCKET: &str = "/run/vm-test/agent.sock";

/// Returns the socket in a guest where the agent listens for reports of the body on this channel.
#[must_use]
pub fn body_socket(channel: u32) -> String {
    format!("/run/vm-test/agent-{channel}.sock")
}

/// A FIFO that the agent holds open where it is not init.
pub const ALIVE: &str = "/run/vm-test/alive";

/// The path of the agent program in a guest.
pub const AGENT_PATH: &str = "/run/vm-test/agent";

/// The directory of the host's loader and libraries in a guest.
///
/// A guest that is made from the host's files does not need it.
pub const LIBRARIES: &str = "/run/vm-test/lib";

/// The variable in the guest with the job's nonce in hexadecimal.
///
/// It tells the test process to run the body, not to dispatch it.
pub const ENV_JOB: &str = "VM_TEST_JOB";

/// The variable in the guest with the full libtest name of the test that may run its body.
pub const ENV_TEST: &str = "VM_TEST_TEST";

/// The variable in the guest with the name of the test's lab, if it has one.
pub const ENV_LAB: &str = "VM_TEST_LAB";

/// The variable in the guest that makes the test process run a call instead of its body.
pub const ENV_CALL: &str = "VM_TEST_CALL";

/// The variable in the guest with the number of the job's [`channel`], if it has one.
pub const ENV_CHANNEL: &str = "VM_TEST_CHANNEL";

/// The variable for the agent of a container that is started ahead of its lease: its stream comes over
/// the socket that it is started with.
pub const ENV_AHEAD: &str = "VM_TEST_AHEAD";

/// What such an agent says when its guest only lacks the lease.
pub const AHEAD: &[u8; 1] = b"a";

/// The beginning or end of a body's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Just before the body.
    Begin,
    /// Just after it.
    End,
}

/// Returns the marker that the test process writes to both output streams.
///
/// It is written before and after the body, and separates the test's output from libtest's own
/// lines in the guest.
#[must_use]
pub fn output_marker(nonce: u128, edge: Edge) -> Vec<u8> {
    let edge = match edge {
        Edge::Begin => "begin",
        Edge::End => "end",
    };
    format!("\0\x1evm-test:{nonce:032x}:{edge}\0").into_bytes()
}
