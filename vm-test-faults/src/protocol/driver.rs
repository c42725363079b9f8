//! A relay for unit tests: it drives one conversation with bytes in pieces, without sockets, and
//! keeps what each side would get.

use std::collections::VecDeque;

use super::{Answer, Answers, Conversation, Fault, Protocol, Request, Step, Taken, Violation};

/// Decides which error a request gets.
type Choose = dyn FnMut(&Request) -> Option<Fault>;

/// Both sides of a connection.
pub(super) struct Driver {
    conversation: Box<dyn Conversation>,
    choose: Box<Choose>,
    client: Vec<u8>,
    server: Vec<u8>,
    course: Course,
    pending: VecDeque<Pending>,
    pub(super) to_server: Vec<u8>,
    pub(super) to_client: Vec<u8>,
    /// The names of requests; in parentheses if they are closed to faults.
    pub(super) names: Vec<String>,
    /// Why errors were not said.
    pub(super) refused: Vec<String>,
    pub(super) is_opaque: bool,
    pub(super) is_closed: bool,
}

enum Course {
    Pass,
    Discard(Request, Answer),
}

enum Pending {
    Passed(Request),
    Hidden(Request),
}

impl Driver {
    pub(super) fn new(
        protocol: &dyn Protocol,
        choose: impl FnMut(&Request) -> Option<Fault> + 'static,
    ) -> Self {
        let mut driver = Self {
            conversation: protocol.conversation(),
            choose: Box::new(choose),
            client: Vec::new(),
            server: Vec::new(),
            course: Course::Pass,
            pending: VecDeque::new(),
            to_server: Vec::new(),
            to_client: Vec::new(),
            names: Vec::new(),
            refused: Vec::new(),
            is_opaque: false,
            is_closed: false,
        };
        if let Some(greeting) = driver.conversation.greeting() {
            driver.begin(greeting);
            driver.end();
        }
        driver
    }

    /// Returns what is still to be answered by the server.
    pub(super) fn unanswered(&self) -> usize {
        self.pending.len()
    }

    /// Gives what the client has sent.
    pub(super) fn client(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.client.extend(bytes);
        self.run()
    }

    /// Gives what the server has sent.
    pub(super) fn server(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        self.server.extend(bytes);
        self.run()
    }

    /// Takes what the client would have got since the last call.
    pub(super) fn told(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.to_client)
    }

    /// Takes what the server would have got since the last call.
    pub(super) fn asked(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.to_server)
    }

    fn run(&mut self) -> Result<(), Violation> {
        loop {
            let before = (
                self.client.len(),
                self.server.len(),
                self.pending.len(),
                self.is_opaque,
            );
            if self.is_opaque {
                self.to_server.append(&mut self.client);
                self.to_client.append(&mut self.server);
                return Ok(());
            }
            self.requests()?;
            self.replies()?;
            let after = (
                self.client.len(),
                self.server.len(),
                self.pending.len(),
                self.is_opaque,
            );
            if before == after {
                return Ok(());
            }
        }
    }

    fn requests(&mut self) -> Result<(), Violation> {
        while !self.client.is_empty() && !self.is_opaque && !self.is_closed {
            let (taken, bytes) = match self.conversation.request(&self.client)? {
                Step::More => {
                    assert!(self.client.len() <= 64 * 1024, "it wants too much");
                    return Ok(());
                }
                Step::Wait => return Ok(()),
                Step::Taken(taken) => {
                    let bytes = self.client[..taken.length].to_vec();
                    (taken, bytes)
                }
                Step::Rewritten(taken, bytes) => (taken, bytes.to_vec()),
                Step::Unanswered => panic!("a request has no reply to skip"),
                Step::Opaque => {
                    self.is_opaque = true;
                    return Ok(());
                }
            };
            let Taken {
                length,
                begins,
                ends,
            } = taken;
            assert!(length > 0 || ends, "it has taken nothing");
            if let Some(request) = begins {
                self.begin(request);
            }
            if matches!(self.course, Course::Pass) {
                self.to_server.extend(bytes);
            }
            self.client.drain(..length);
            if ends {
                self.end();
            }
        }
        Ok(())
    }

    fn begin(&mut self, request: Request) {
        assert!(request.name.len() <= 200 && !request.name.contains(char::is_control));
        self.names.push(if request.is_open_to_faults {
            request.name.clone()
        } else {
            format!("({})", request.name)
        });
        if let Some(instead) = request.instead.clone() {
            let answer = Answer {
                to_client: instead.to_client,
                to_server: instead.to_server,
                closes: false,
            };
            self.course = Course::Discard(request, answer);
            return;
        }
        let fault = request
            .is_open_to_faults
            .then(|| (self.choose)(&request))
            .flatten();
        if let Some(fault) = fault {
            match self.conversation.error(&request, &fault) {
                Ok(answer) => {
                    self.course = Course::Discard(request, answer);
                    return;
                }
                Err(unsupported) => self.refused.push(unsupported.to_string()),
            }
        }
        self.course = Course::Pass;
        if request.answers != Answers::None {
            self.pending.push_back(Pending::Passed(request));
        }
    }

    fn end(&mut self) {
        if let Course::Discard(request, answer) = std::mem::replace(&mut self.course, Course::Pass)
        {
            // The tests do not have errors behind unanswered requests.
            self.to_client.extend(&answer.to_client);
            self.is_closed |= answer.closes;
            if !answer.to_server.is_empty() {
                self.to_server.extend(&answer.to_server);
                self.pending.push_back(Pending::Hidden(request));
            }
        }
    }

    fn replies(&mut self) -> Result<(), Violation> {
        while !self.server.is_empty() && !self.is_opaque && !self.is_closed {
            let (request, is_hidden) = match self.pending.front() {
                Some(Pending::Passed(request)) => (Some(request), false),
                Some(Pending::Hidden(request)) => (Some(request), true),
                None => (None, false),
            };
            let (taken, bytes) = match self.conversation.reply(request, &self.server)? {
                Step::More => {
                    assert!(self.server.len() <= 64 * 1024, "it wants too much");
                    return Ok(());
                }
                Step::Taken(taken) => {
                    let bytes = self.server[..taken.length].to_vec();
                    (taken, bytes)
                }
                Step::Rewritten(taken, bytes) => (taken, bytes.to_vec()),
                Step::Wait => panic!("only requests wait"),
                Step::Unanswered => panic!("these protocols answer everything"),
                Step::Opaque => {
                    self.is_opaque = true;
                    return Ok(());
                }
            };
            assert!(taken.length > 0, "it has taken nothing");
            assert!(taken.begins.is_none());
            if !is_hidden {
                self.to_client.extend(bytes);
            }
            self.server.drain(..taken.length);
            if taken.ends {
                self.pending.pop_front();
            }
        }
        Ok(())
    }
}
