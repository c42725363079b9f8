//! What a backend finds in its keeper: the descriptor of the stream, and the directory with the
//! files.

/// The descriptor of the agent's stream, which the keeper is started with and only hands on.
pub const STREAM: i32 = 4;

/// The directory of the host over which a keeper mounts its own files, unseen by others. It exists
/// everywhere, no guest has it from the host, and liblxc keeps its locks below it.
pub const ROOM: &str = "/run";
