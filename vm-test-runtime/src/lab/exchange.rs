//! Questions to the test process on the host and their answers, from any number of threads at a
//! time: one of those that wait reads for all.

use crate::guest::{self, Channel};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard};
use vm_test_protocol::body::{FromBody, ToBody};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, Asked, MOST_ASKED, Question};
use vm_test_protocol::{ENV_CALL, ENV_LAB};

static EXCHANGE: Exchange = Exchange::new();

struct Exchange {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// How many questions have been asked so far.
    numbers: u64,
    /// How many wait for their answers.
    waiting: usize,
    /// Answers that their threads have not fetched yet.
    arrived: BTreeMap<u64, Answer>,
    /// Whether a thread reads.
    is_read: bool,
    /// Why no more answers can come.
    lost: Option<String>,
}

/// Asks, and waits for the answer.
pub(super) fn ask(question: Question) -> Answer {
    let refuse = |cause: &str, hint: &str| Answer::Refused(Failure::new(cause).hint(hint));
    // The agent takes a question from anybody else for a breach of the protocol.
    if std::env::var_os(ENV_LAB).is_none() {
        return refuse(
            "this is not the body of a test with a lab",
            "give the test one, as in #[on_vm(lab = \"office\")]",
        );
    }
    if std::env::var_os(ENV_CALL).is_some() {
        return refuse(
            "this is a call on a node, and only the body of the test uses other nodes",
            "return to the body what it needs to call the next node",
        );
    }
    let Some(channel) = guest::channel() else {
        return refuse(
            "the body of the test has not begun in this process",
            "use it in the body, not in a fixture or a process that the body starts",
        );
    };
    EXCHANGE
        .ask(channel, question)
        .unwrap_or_else(|error| Answer::Refused(unsent(&error)))
}

fn unsent(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::InvalidData => Failure::new(format!("it is too long to be sent: {error}")),
        _ => lost(&error.to_string()),
    }
}

fn lost(cause: &str) -> Failure {
    Failure::new(format!("the connection to the agent is closed: {cause}"))
        .hint("the test has closed descriptors that it did not open, or runs in a forked process")
}

impl Exchange {
    const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                numbers: 0,
                waiting: 0,
                arrived: BTreeMap::new(),
                is_read: false,
                lost: None,
            }),
            changed: Condvar::new(),
        }
    }

    fn ask(&self, channel: &Channel, question: Question) -> io::Result<Answer> {
        let number = self.number();
        let asked = FromBody::Asked(Asked { number, question });
        let answer = channel
            .ask(&asked)
            .map(|()| self.answer(number, || channel.hear()));
        self.lock().waiting -= 1;
        self.changed.notify_all();
        answer
    }

    /// Returns a number for a question, once not too many others wait.
    fn number(&self) -> u64 {
        let mut state = self.lock();
        loop {
            if state.waiting < MOST_ASKED {
                state.waiting += 1;
                state.numbers += 1;
                return state.numbers;
            }
            state = self.wait(state);
        }
    }

    /// Waits for the answer with this number; reads the connection if no other thread does.
    fn answer(&self, number: u64, hear: impl Fn() -> io::Result<ToBody>) -> Answer {
        let mut state = self.lock();
        loop {
            if let Some(answer) = state.arrived.remove(&number) {
                return answer;
            }
            if let Some(cause) = &state.lost {
                return Answer::Refused(lost(cause));
            }
            if state.is_read {
                state = self.wait(state);
                continue;
            }
            state.is_read = true;
            drop(state);
            let heard = hear();
            state = self.lock();
            state.is_read = false;
            match heard {
                Ok(ToBody::Answered(answered)) => {
                    state.arrived.insert(answered.number, answered.answer);
                }
                Ok(ToBody::Call(_)) => state.lost = Some("a call came".to_owned()),
                Err(error) => state.lost = Some(error.to_string()),
            }
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|lock| lock.into_inner())
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let waited = self.changed.wait(state);
        waited.unwrap_or_else(|lock| lock.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use vm_test_protocol::lab::Answered;

    fn answered(number: u64) -> ToBody {
        let answer = Answer::Refused(Failure::new(number.to_string()));
        ToBody::Answered(Box::new(Answered { number, answer }))
    }

    #[test]
    fn each_thread_gets_its_own_answer_in_whatever_order_they_arrive_and_whichever_thread_reads() {
        const THREADS: u64 = 16;
        let exchange = Exchange::new();
        let (send, receive) = channel();
        let receive = Mutex::new(receive);
        let hear = || receive.lock().unwrap().recv().map_err(io::Error::other);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        let number = exchange.number();
                        (number, exchange.answer(number, hear))
                    })
                })
                .collect();
            for number in (1..=THREADS).rev() {
                send.send(answered(number)).unwrap();
            }
            for thread in threads {
                let (number, answer) = thread.join().unwrap();
                let expected = Answer::Refused(Failure::new(number.to_string()));
                assert_eq!(answer, expected);
            }
        });
    }

    #[test]
    fn when_the_connection_closes_every_thread_learns_it() {
        let exchange = Exchange::new();
        let hear = || Err(io::ErrorKind::UnexpectedEof.into());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let number = exchange.number();
                    let answer = exchange.answer(number, hear);
                    assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
                });
            }
        });
    }
}
