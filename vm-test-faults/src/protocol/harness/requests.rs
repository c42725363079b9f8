//! Gives a protocol what a client sends, and checks how it cuts requests out of it.

use super::pieces::{Numbers, Pieces};
use crate::protocol::{Answers, Conversation, Fault, Request, Step};

/// No protocol may ask for more bytes than this.
const MOST_WAITING: usize = 64 * 1024;

/// What the proxy learns of a client's bytes. Where it learns it does not depend on the pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A request begins here, and its first part is so long.
    Begins(usize, usize, String, Answers),
    /// The message ends here.
    Ends(usize),
    /// From here on the bytes pass through.
    Opaque(usize),
    /// The bytes are not of the protocol.
    Violation,
    /// The quiet request at this place in the queue got no reply.
    Unanswered(usize),
}

/// A client's bytes, as far as they were read.
pub(super) struct Client<'a> {
    bytes: &'a [u8],
    arrived: usize,
    taken: usize,
    is_inside: bool,
    has_ended: bool,
    /// Whether the protocol asked for more than has arrived.
    waits: bool,
    /// Whether it has to see a reply first.
    pub(super) is_stalled: bool,
    pub(super) events: Vec<Event>,
    /// The requests that were passed on, oldest first.
    pub(super) passed_on: Vec<Request>,
}

/// Which requests are answered with an error.
pub(super) struct Errors<'a> {
    pub(super) numbers: Option<Numbers>,
    pub(super) faults: &'a [Fault],
}

impl<'a> Client<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            arrived: 0,
            taken: 0,
            is_inside: false,
            has_ended: false,
            waits: true,
            is_stalled: false,
            events: Vec::new(),
            passed_on: Vec::new(),
        }
    }

    /// Returns whether there is nothing more to read.
    pub(super) fn is_done(&self) -> bool {
        self.has_ended || (self.waits && self.arrived == self.bytes.len())
    }

    /// Returns how many messages have ended.
    pub(super) fn ended(&self) -> usize {
        let ends = |event: &&Event| matches!(event, Event::Ends(_));
        self.events.iter().filter(ends).count()
    }

    /// Takes one step.
    pub(super) fn step(
        &mut self,
        conversation: &mut dyn Conversation,
        pieces: &mut Pieces,
        errors: &mut Errors<'_>,
    ) {
        self.is_stalled = false;
        if self.waits {
            self.arrived += pieces.next(self.bytes.len() - self.arrived);
            self.waits = false;
        }
        let front = &self.bytes[self.taken..self.arrived];
        if front.is_empty() {
            self.waits = true;
            return;
        }
        let taken = match conversation.request(front) {
            Ok(Step::Taken(taken) | Step::Rewritten(taken, _)) => taken,
            Ok(Step::More) => {
                assert!(front.len() < MOST_WAITING, "a request waits without end");
                self.waits = true;
                return;
            }
            Ok(Step::Wait) => {
                self.is_stalled = true;
                return;
            }
            Ok(Step::Unanswered) => panic!("a request cannot be unanswered"),
            Ok(Step::Opaque) => return self.end(Event::Opaque(self.taken)),
            Err(_) => return self.end(Event::Violation),
        };
        assert!(taken.length <= front.len(), "more taken than there was");
        assert_eq!(taken.begins.is_some(), !self.is_inside, "a wrong beginning");
        assert!(
            taken.length > 0 || (taken.ends && taken.begins.is_none()),
            "nothing taken"
        );
        if let Some(request) = taken.begins {
            check_name(&request);
            self.events.push(Event::Begins(
                self.taken,
                taken.length,
                request.name.clone(),
                request.answers,
            ));
            self.pass_on(request, conversation, errors);
        }
        self.taken += taken.length;
        self.is_inside = !taken.ends;
        if taken.ends {
            self.events.push(Event::Ends(self.taken));
        }
    }

    fn end(&mut self, event: Event) {
        self.events.push(event);
        self.has_ended = true;
    }

    /// Queues a request, unless it is answered with an error.
    fn pass_on(
        &mut self,
        request: Request,
        conversation: &mut dyn Conversation,
        errors: &mut Errors<'_>,
    ) {
        let is_silent = request.answers == Answers::None;
        let mut asks_server = request
            .instead
            .as_ref()
            .is_none_or(|instead| !instead.to_server.is_empty());
        if let Some(numbers) = errors.numbers.as_mut()
            && request.is_open_to_faults
            && request.instead.is_none()
            && numbers.below(3) == 0
        {
            let chosen = numbers.below(errors.faults.len() as u64);
            let fault = usize::try_from(chosen).ok();
            let fault = fault.and_then(|chosen| errors.faults.get(chosen));
            if let Some(Ok(answer)) = fault.map(|fault| conversation.error(&request, fault)) {
                assert_eq!(
                    answer.to_client.is_empty(),
                    is_silent,
                    "{request:?} is answered with {answer:?}"
                );
                asks_server = !answer.to_server.is_empty();
            }
        }
        if asks_server && !is_silent {
            self.passed_on.push(request);
        }
    }
}

fn check_name(request: &Request) {
    assert!(request.name.len() <= 200, "{request:?}");
    assert!(!request.name.chars().any(char::is_control), "{request:?}");
}
