//! What the direction of requests tells the direction of replies, in the order of requests. Data
//! only.

use bytes::Bytes;
use tokio::sync::oneshot;

use super::carrier::Affected;
use crate::protocol::{Answers, Request};

/// An exchange whose reply has not been passed on, or that everything behind it passes untouched.
pub(super) enum Pending {
    /// The server has the request.
    Passed(Passed),
    /// The client is told something else.
    Answered(Answered),
    /// From here on both directions are untouched.
    Opaque,
}

/// A request that was passed on.
pub(super) struct Passed {
    pub(super) request: Request,
    pub(super) affected: Option<Affected>,
    /// Tells when the server has all of it; only where somebody waits for that.
    pub(super) sent: Option<oneshot::Receiver<()>>,
}

/// A request that was not passed on.
pub(super) struct Answered {
    /// The request whose place was taken by another one that the server has got: its reply is for
    /// nobody.
    pub(super) hidden: Option<Request>,
    pub(super) to_client: Bytes,
    pub(super) closes: bool,
}

impl Pending {
    /// Returns the request that the server's next bytes may belong to.
    pub(super) fn request(&self) -> Option<&Request> {
        match self {
            Self::Passed(passed) => Some(&passed.request),
            Self::Answered(answered) => answered.hidden.as_ref(),
            Self::Opaque => None,
        }
    }

    /// Returns whether only the bytes behind it tell that there is no reply.
    pub(super) fn may_stay_unanswered(&self) -> bool {
        matches!(self, Self::Passed(passed) if passed.request.answers == Answers::Maybe)
    }

    /// Returns whether it goes to the client without a word of the server.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self, Self::Answered(answered) if answered.hidden.is_none())
    }
}
