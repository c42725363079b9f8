//! A connection for unit tests: the client's and the server's words by turns, in pieces of one
//! size, and what the protocol makes of them.

use std::collections::VecDeque;

use crate::protocol::{Answer, Answers, Conversation, Fault, Protocol, Request, Step};

/// A connection through a protocol.
pub(crate) struct Dialogue {
    conversation: Box<dyn Conversation>,
    piece: usize,
    waiting: VecDeque<Request>,
    unfinished: String,
}

impl Dialogue {
    /// Opens a connection on which the bytes arrive in pieces of this size.
    pub(crate) fn new(protocol: &dyn Protocol, piece: usize) -> Self {
        Self {
            conversation: protocol.conversation(),
            piece,
            waiting: VecDeque::new(),
            unfinished: String::new(),
        }
    }

    /// Passes on what the client says, and returns the requests in it.
    pub(crate) fn client(&mut self, bytes: &[u8]) -> Vec<Request> {
        let requests: Vec<Request> = self
            .requests(bytes, None)
            .into_iter()
            .map(|(it, _)| it)
            .collect();
        let waiting = requests
            .iter()
            .filter(|request| request.answers != Answers::None);
        self.waiting.extend(waiting.cloned());
        requests
    }

    /// Answers what the client says with an error, and returns the answers.
    pub(crate) fn error(&mut self, bytes: &[u8], code: &str) -> Vec<Answer> {
        let fault = Fault {
            code: code.to_owned(),
            text: None,
        };
        let requests = self.requests(bytes, Some(&fault));
        requests
            .into_iter()
            .filter_map(|(_, answer)| answer)
            .collect()
    }

    /// Returns what the server's words are: the request that each message answers, or `-`, and its
    /// bytes.
    pub(crate) fn server(&mut self, bytes: &[u8]) -> Vec<(String, String)> {
        let mut messages = Vec::new();
        let (mut taken, mut arrived) = (0, 0);
        while taken < bytes.len() {
            let request = self.waiting.front();
            let front = &bytes[taken..arrived];
            if front.is_empty() {
                arrived = (arrived + self.piece).min(bytes.len());
                continue;
            }
            match self.conversation.reply(request, front).unwrap() {
                Step::Taken(step) => {
                    let part = String::from_utf8_lossy(&front[..step.length]);
                    self.unfinished.push_str(&part);
                    taken += step.length;
                    if step.ends {
                        let name = self.waiting.pop_front().map(|request| request.name);
                        let name = name.unwrap_or_else(|| "-".to_owned());
                        messages.push((name, std::mem::take(&mut self.unfinished)));
                    }
                }
                Step::More => {
                    assert!(
                        arrived < bytes.len(),
                        "{:?}",
                        front.escape_ascii().to_string()
                    );
                    arrived = (arrived + self.piece).min(bytes.len());
                }
                Step::Unanswered => drop(self.waiting.pop_front()),
                step => panic!("{step:?}"),
            }
        }
        messages
    }

    /// Returns how many requests wait for a reply.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn requests(&mut self, bytes: &[u8], fault: Option<&Fault>) -> Vec<(Request, Option<Answer>)> {
        let mut requests = Vec::new();
        let (mut taken, mut arrived) = (0, 0);
        let mut is_inside = false;
        while taken < bytes.len() || is_inside {
            let front = &bytes[taken..arrived];
            if front.is_empty() {
                assert!(arrived < bytes.len(), "the last request has not ended");
                arrived = (arrived + self.piece).min(bytes.len());
                continue;
            }
            match self.conversation.request(front).unwrap() {
                Step::Taken(step) => {
                    taken += step.length;
                    is_inside = !step.ends;
                    if let Some(request) = step.begins {
                        let answer = fault.map(|fault| {
                            let answer = self.conversation.error(&request, fault);
                            answer.unwrap()
                        });
                        requests.push((request, answer));
                    }
                }
                Step::More => {
                    assert!(
                        arrived < bytes.len(),
                        "{:?}",
                        front.escape_ascii().to_string()
                    );
                    arrived = (arrived + self.piece).min(bytes.len());
                }
                step => panic!("{step:?}"),
            }
        }
        requests
    }
}
