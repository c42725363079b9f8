//! Channels: several jobs at a time over the one stream of an agent. Only bounds; the messages are in
//! [`super::agent`].
//!
//! A channel carries one job: the bytes in each direction are the frames that a stream with only
//! this job would carry. The holder of the lease chooses the numbers of channels, and uses none
//! twice. What it says about a channel that is not open is for a job that has just ended, and
//! ignored; by an agent it is a breach of the protocol.

/// How many channels may be open at a time.
///
/// Each takes seven descriptors of the agent, which may have 1024.
pub const MOST_CHANNELS: usize = 96;

/// How many bytes an agent may have sent over a channel that were not taken so far.
pub const WINDOW: usize = 1 << 18;

/// The largest part of a channel's bytes in one message.
pub const PIECE: usize = 1 << 16;
