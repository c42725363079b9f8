//! How a process in a guest ended, or why it never started. Plain data.

use serde::{Deserialize, Serialize};

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// It exited with this code.
    Exited(i32),
    /// This signal killed it.
    Signaled(i32),
    /// It was killed by this signal.
    TimedOut,
    /// It was killed because the guest ran out of memory.
    OutOfMemory,
    /// It never started.
    NotStarted {
        /// The reason, as text.
        reason: String,
        /// The kind of obstacle.
        obstacle: Obstacle,
    },
}

/// What prevents a job from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Obstacle {
    /// The guest has no such program.
    NotFound,
    /// The guest has the program but cannot execute it.
    NotExecutable,
    /// The kernel did not start a process, with this error number.
    Kernel(i32),
    /// Something other than the program.
    Other,
}
