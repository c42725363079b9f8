//! The questions of a body that have no answer so far, who waits for them, and the answers that
//! nobody has fetched yet. Sends and reads nothing.

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;
use vm_test_protocol::lab::{Answer, Answered, MOST_ASKED, Question};

/// How many questions may be open when another one is asked; the rest is for those that end tasks.
pub(super) const MOST_WAITING: usize = MOST_ASKED - 8;

/// The questions of one connection.
pub(super) struct Questions {
    /// How many questions have been asked so far.
    numbers: u64,
    /// Who waits for the answers that have not arrived.
    pub(super) asked: BTreeMap<u64, Asker>,
    /// Answers that nobody has fetched yet.
    pub(super) arrived: BTreeMap<u64, Answer>,
    /// Questions to be asked when there is room, whose answers nobody needs.
    pub(super) unasked: VecDeque<Question>,
    /// Futures that ask when there is room.
    pub(super) crowded: Vec<Waker>,
    /// Whether a thread reads.
    pub(super) is_read: bool,
    /// Whether there is a thread that only reads.
    pub(super) has_reader: bool,
    /// Why no more answers can come.
    pub(super) lost: Option<String>,
}

/// Who waits for an answer.
pub(super) enum Asker {
    Thread,
    Future(Waker),
    Nobody,
}

impl Questions {
    pub(super) const fn new() -> Self {
        Self {
            numbers: 0,
            asked: BTreeMap::new(),
            arrived: BTreeMap::new(),
            unasked: VecDeque::new(),
            crowded: Vec::new(),
            is_read: false,
            has_reader: false,
            lost: None,
        }
    }

    /// Returns whether this question may be asked beside those that are open, or it does not matter
    /// any more.
    pub(super) fn has_room_for(&self, question: &Question) -> bool {
        let most = match question {
            // It makes room: others may be waiting for the end of the same task.
            Question::Finish { kill: true, .. } => MOST_ASKED,
            _ => MOST_WAITING,
        };
        self.asked.len() < most || self.lost.is_some()
    }

    /// Returns the number of a new question, whose answer this asker waits for.
    pub(super) fn number(&mut self, asker: Asker) -> u64 {
        self.numbers += 1;
        self.asked.insert(self.numbers, asker);
        self.numbers
    }

    /// Returns the next question whose answer nobody needs, if there is room for it.
    pub(super) fn next_unasked(&mut self) -> Option<Question> {
        let has_room = self.has_room_for(self.unasked.front()?);
        has_room.then(|| self.unasked.pop_front()).flatten()
    }

    /// Takes an answer; returns who is to be woken.
    pub(super) fn arrive(&mut self, answered: Answered) -> Option<Waker> {
        let Answered { number, answer } = answered;
        match self.asked.remove(&number)? {
            Asker::Thread => drop(self.arrived.insert(number, answer)),
            Asker::Future(waker) => {
                self.arrived.insert(number, answer);
                return Some(waker);
            }
            Asker::Nobody => self.discard(&answer),
        }
        None
    }

    /// Takes an answer that nobody waits for. A task that nobody knows would never be ended.
    pub(super) fn discard(&mut self, answer: &Answer) {
        if let Answer::Started(task) = *answer {
            self.unasked
                .push_back(Question::Finish { task, kill: true });
        }
    }

    /// Notes that no more answers come; returns who is to be woken.
    pub(super) fn lose(&mut self, cause: &str) -> Vec<Waker> {
        self.lost = Some(cause.to_owned());
        let asked = std::mem::take(&mut self.asked).into_values();
        let future = |asker| match asker {
            Asker::Future(waker) => Some(waker),
            Asker::Thread | Asker::Nobody => None,
        };
        asked.filter_map(future).collect()
    }
}
