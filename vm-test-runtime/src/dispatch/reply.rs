//! The way to answer one question of a body, for whoever knows the answer at last.

use crate::client::Speaker;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use vm_test_protocol::agent::ToAgent;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, Answered, MOST_ASKED};

/// The answer that a question waits for. Dropped, it says that there is none.
pub(super) struct Reply {
    number: u64,
    to: Speaker,
    /// How many questions wait, this one included until it is answered.
    waiting: Arc<AtomicUsize>,
    is_given: bool,
}

impl Reply {
    /// Returns the way to answer the question with this number; `waiting` is how many wait.
    ///
    /// # Errors
    /// If the guest asks more than its agent lets through.
    pub(super) fn new(
        number: u64,
        to: &Speaker,
        waiting: &Arc<AtomicUsize>,
    ) -> Result<Self, Failure> {
        if waiting.load(Ordering::SeqCst) >= MOST_ASKED {
            let words = "the guest broke the protocol: too many questions without an answer";
            return Err(Failure::new(words));
        }
        waiting.fetch_add(1, Ordering::SeqCst);
        Ok(Self {
            number,
            to: to.clone(),
            waiting: Arc::clone(waiting),
            is_given: false,
        })
    }

    /// Sends the answer, or says that it is too long: a node may have made it so, and the body
    /// waits. If the body's guest is gone, nobody needs it.
    pub(super) fn give(mut self, answer: Answer) {
        self.send(answer);
    }

    /// Refuses to do it, for this reason.
    pub(super) fn refuse(mut self, cause: impl Into<String>) {
        self.send(Answer::Refused(Failure::new(cause)));
    }

    fn send(&mut self, answer: Answer) {
        self.is_given = true;
        // The body may ask again as soon as it has the answer.
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        let number = self.number;
        let send = |answer| {
            let answered = Box::new(Answered { number, answer });
            self.to.send(&ToAgent::Answered(answered))
        };
        if let Err(error) = send(answer)
            && error.kind() == io::ErrorKind::InvalidData
        {
            let failure = Failure::new(format!("its answer is too long to be sent: {error}"));
            let _ = send(Answer::Refused(failure));
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.is_given {
            self.send(Answer::Refused(Failure::new("nothing has answered it")));
        }
    }
}
