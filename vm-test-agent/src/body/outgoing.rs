//! What is sent to a body: the call that it is to run, and answers to its questions. Limits how many
//! questions wait for answers, and never waits itself.

use std::io::{ErrorKind, Write};
use vm_test_protocol::body::ToBody;
use vm_test_protocol::frame;
use vm_test_protocol::lab::MOST_ASKED;

/// More bytes than a body that takes its answers leaves waiting.
const MOST_BYTES: usize = MOST_ASKED * frame::CAP;

/// Messages on their way to a body.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// What it has not taken yet.
    bytes: Vec<u8>,
    /// How many of its questions have no answer so far.
    asked: usize,
}

impl Outgoing {
    /// Notes that the body has asked something.
    ///
    /// # Errors
    /// If it asks more than it may.
    pub(super) fn expect_answer(&mut self) -> Result<(), &'static str> {
        if self.asked == MOST_ASKED {
            return Err("too many questions without an answer");
        }
        if self.bytes.len() > MOST_BYTES {
            return Err("questions whose answers it does not take");
        }
        self.asked += 1;
        Ok(())
    }

    /// Adds a message.
    pub(super) fn add(&mut self, message: &ToBody) {
        let is_answer = matches!(message, ToBody::Answered(_));
        self.asked = self.asked.saturating_sub(usize::from(is_answer));
        // A frame of the host holds more than the message that it brought.
        if let Ok(frame) = frame::encode(message) {
            self.bytes.extend(frame);
        }
    }

    /// Sends what the body takes at once.
    pub(super) fn send_some(&mut self, mut stream: impl Write) {
        while !self.bytes.is_empty() {
            match stream.write(&self.bytes) {
                Ok(count) => drop(self.bytes.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Reading notices the end of the connection.
                Err(_) => self.bytes.clear(),
            }
        }
    }

    /// Returns whether the body has taken everything.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm_test_protocol::failure::Failure;
    use vm_test_protocol::lab::{Answer, Answered};

    #[test]
    fn a_body_that_asks_and_takes_no_answer_may_not_ask_for_ever() {
        let words = "x".repeat(frame::CAP / 2);
        let answer = Answer::Refused(Failure::new(words));
        let answer = ToBody::Answered(Box::new(Answered { number: 1, answer }));
        let mut outgoing = Outgoing::default();
        let mut asked = 0;
        let refusal = loop {
            match outgoing.expect_answer() {
                Ok(()) => asked += 1,
                Err(refusal) => break refusal,
            }
            outgoing.add(&answer);
        };
        assert_eq!(refusal, "questions whose answers it does not take");
        assert!((MOST_ASKED..=2 * MOST_ASKED).contains(&asked), "{asked}");
        outgoing.send_some(std::io::sink());
        assert!(outgoing.is_empty());
        assert_eq!(outgoing.expect_answer(), Ok(()));
    }
}
