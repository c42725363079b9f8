//! What becomes of the request that a client is sending. Data only.

use tokio::sync::oneshot;

use crate::protocol::{Answer, Request};

/// What becomes of the request that is being read.
pub(super) enum Course {
    /// There is none.
    Idle,
    /// It is passed on; the receiver of its end is notified.
    Pass(Option<oneshot::Sender<()>>),
    /// It is thrown away, and answered when it has ended.
    Discard(Option<Box<Substitute>>),
}

/// What stands in for a request.
pub(super) struct Substitute {
    pub(super) request: Request,
    pub(super) answer: Answer,
}
