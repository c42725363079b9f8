//! Questions to the test process on the host and their answers, from any number of threads and
//! futures at a time. One of the threads that wait reads for all; once there is a future, a thread
//! of its own does.

use super::line::{Line, line, line_without_lab, lost, unsent};
use super::questions::{Asker, Questions};
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::task::Waker;
use vm_test_protocol::body::{FromBody, ToBody};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, Asked, Question};

/// The exchange of this process.
pub(super) static EXCHANGE: Exchange = Exchange::new();

/// Questions and answers of one connection.
pub(super) struct Exchange {
    state: Mutex<Questions>,
    changed: Condvar,
}

/// What the thread that has heard an answer does next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// It reads the next one, too.
    Stays,
    /// It lets another thread read.
    Passes,
}

/// Asks, and waits for the answer.
pub(super) fn ask(question: Question) -> Answer {
    ask_on(line(), question)
}

/// Asks about the own guest, which is in no lab, and waits for the answer.
pub(super) fn ask_without_lab(question: Question) -> Answer {
    ask_on(line_without_lab(), question)
}

fn ask_on(line: Result<&'static dyn Line, Failure>, question: Question) -> Answer {
    let answer = line.and_then(|line| {
        let answer = EXCHANGE.ask(line, question);
        answer.map_err(|error| unsent(&error))
    });
    answer.unwrap_or_else(Answer::Refused)
}

/// Asks, and waits for no answer.
pub(super) fn tell(question: Question) {
    if let Ok(line) = line() {
        EXCHANGE.tell(line, question);
    }
}

impl Exchange {
    pub(super) const fn new() -> Self {
        Self {
            state: Mutex::new(Questions::new()),
            changed: Condvar::new(),
        }
    }

    /// Asks from a thread, which waits.
    pub(super) fn ask(&self, line: &dyn Line, question: Question) -> io::Result<Answer> {
        let number = self.number(&question);
        self.send(line, number, question)?;
        Ok(self.answer(number, line))
    }

    /// Returns a number for a question of a thread, once not too many others are open.
    fn number(&self, question: &Question) -> u64 {
        let mut state = self.lock();
        while !state.has_room_for(question) {
            state = self.wait(state);
        }
        state.number(Asker::Thread)
    }

    /// Waits for the answer with this number; reads the connection if no other thread does.
    fn answer(&self, number: u64, line: &dyn Line) -> Answer {
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
            let heard = line.hear();
            self.take(line, heard, Reader::Passes);
            state = self.lock();
        }
    }

    /// Returns a number for a question of a future, or wakes it when there is room.
    ///
    /// # Errors
    /// If no thread can be started that reads its answer.
    pub(super) fn number_of_future(
        &'static self,
        line: &'static dyn Line,
        question: &Question,
        waker: &Waker,
    ) -> io::Result<Option<u64>> {
        self.have_reader(line)?;
        let mut state = self.lock();
        if !state.has_room_for(question) {
            state.crowded.push(waker.clone());
            return Ok(None);
        }
        Ok(Some(state.number(Asker::Future(waker.clone()))))
    }

    /// Sends the question that has this number.
    pub(super) fn send(&self, line: &dyn Line, number: u64, question: Question) -> io::Result<()> {
        let sent = line.ask(&FromBody::Asked(Asked { number, question }));
        if sent.is_err() {
            let mut state = self.lock();
            state.asked.remove(&number);
            let crowded = std::mem::take(&mut state.crowded);
            drop(state);
            self.changed.notify_all();
            crowded.into_iter().for_each(Waker::wake);
        }
        sent
    }

    /// Returns the answer to the question of a future, or wakes it when there is one.
    pub(super) fn fetch(&self, number: u64, waker: &Waker) -> Option<Answer> {
        let mut state = self.lock();
        if let Some(answer) = state.arrived.remove(&number) {
            return Some(answer);
        }
        if let Some(cause) = &state.lost {
            return Some(Answer::Refused(lost(cause)));
        }
        if let Some(Asker::Future(before)) = state.asked.get_mut(&number) {
            before.clone_from(waker);
        }
        None
    }

    /// Notes that nobody waits for this answer any more. What it says was started is killed.
    pub(super) fn abandon(&self, line: &dyn Line, number: u64) {
        let mut state = self.lock();
        match state.asked.get_mut(&number) {
            Some(asker) => *asker = Asker::Nobody,
            None => {
                let answer = state.arrived.remove(&number);
                answer.into_iter().for_each(|answer| state.discard(&answer));
            }
        }
        drop(state);
        self.send_unasked(line);
    }

    /// Asks something whose answer nobody needs.
    fn tell(&'static self, line: &'static dyn Line, question: Question) {
        // Without a thread that reads, the answer is read before that of whoever asks next.
        let _ = self.have_reader(line);
        self.lock().unasked.push_back(question);
        self.send_unasked(line);
    }

    fn send_unasked(&self, line: &dyn Line) {
        loop {
            let mut state = self.lock();
            let Some(question) = state.next_unasked() else {
                return;
            };
            let number = state.number(Asker::Nobody);
            drop(state);
            let _ = self.send(line, number, question);
        }
    }

    /// Starts the thread that only reads, unless there is one.
    fn have_reader(&'static self, line: &'static dyn Line) -> io::Result<()> {
        let mut state = self.lock();
        if !state.has_reader {
            let thread = std::thread::Builder::new().name("vm-test: answers".to_owned());
            thread.spawn(move || self.read(line))?;
            state.has_reader = true;
        }
        Ok(())
    }

    /// Reads from the next answer on, for all.
    fn read(&self, line: &dyn Line) {
        let mut state = self.lock();
        while state.is_read {
            state = self.wait(state);
        }
        state.is_read = true;
        drop(state);
        while self.lock().lost.is_none() {
            self.take(line, line.hear(), Reader::Stays);
        }
    }

    /// Takes what was heard, and tells whoever waits for it.
    fn take(&self, line: &dyn Line, heard: io::Result<ToBody>, reader: Reader) {
        let mut state = self.lock();
        // Not before the answer is taken: the next thread would read on for an answer of its own
        // that this one has in its hand, and never return.
        state.is_read = reader == Reader::Stays;
        let mut wakers = std::mem::take(&mut state.crowded);
        match heard {
            Ok(ToBody::Answered(answered)) => wakers.extend(state.arrive(*answered)),
            Ok(ToBody::Call(_)) => wakers.extend(state.lose("a call came")),
            Err(error) => wakers.extend(state.lose(&error.to_string())),
        }
        drop(state);
        self.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
        self.send_unasked(line);
    }

    fn lock(&self) -> MutexGuard<'_, Questions> {
        self.state.lock().unwrap_or_else(|lock| lock.into_inner())
    }

    fn wait<'a>(&self, state: MutexGuard<'a, Questions>) -> MutexGuard<'a, Questions> {
        let waited = self.changed.wait(state);
        waited.unwrap_or_else(|lock| lock.into_inner())
    }
}

#[cfg(test)]
mod tests;
