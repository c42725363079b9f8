//! Channels: several jobs at a time over the one stream of an agent. Only bounds; the messages are in
//! [`super::agent`].
//!
//! A channel carries one job: the bytes in each direction are the frames that a stream with only
//! this job would carry. The holder of the lease numbers channels upwards from 1; what is said
//! about a channel that has closed, or is not open yet, is ignored by the agent and is a breach of
//! the protocol by it.

/// How many channels may be open at a time.
///
/// Each takes seven descriptors of the agent, which may have 1024.
pub const MOST_CHANNELS: usize = 96;

/// How many bytes an agent may have sent over a channel that were not taken so far.
pub const WINDOW: usize = 1 << 18;

/// The largest part of a channel's bytes in one message.
pub const PIECE: usize = 1 << 16;
