//! Something that runs on a node in the background, and the questions that wait for what it says, for
//! room in its input, or for its end. Sends nothing while others wait for it.

use super::node_job::breach_of;
use super::reply::Reply;
use super::unread::Unread;
use crate::client::Speaker;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use vm_test_protocol::agent::{INPUT_WINDOW, ToAgent};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, MOST_UNREAD, Ran};

/// SIGKILL, which this crate has no name for.
const KILL: i32 = 9;

/// A task.
pub(super) struct Task {
    is_call: bool,
    /// Whether what it says is frames of a tool.
    pub(super) is_tool: bool,
    state: Mutex<State>,
    /// Notified when more output may come.
    room: Condvar,
}

struct State {
    /// The way to its job, until that has ended.
    speaker: Option<Speaker>,
    unread: Unread,
    /// Whether some of what it has said was dropped.
    has_lost: bool,
    /// Whether its output need not be kept for those who read it.
    is_unread: bool,
    nexts: VecDeque<Reply>,
    inputs: VecDeque<Input>,
    /// Whether a thread sends input.
    is_fed: bool,
    input_has_ended: bool,
    /// How many bytes of input its agent has, and its job has not.
    outstanding: usize,
    finishes: Vec<Reply>,
    ended: Option<Result<Ran, Failure>>,
}

/// Input that waits for room.
struct Input {
    bytes: Vec<u8>,
    ends: bool,
    reply: Reply,
}

/// What a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Call,
    Command,
    Tool,
}

impl Task {
    /// Returns a task that begins with so many bytes of input.
    pub(super) fn new(kind: Kind, speaker: Speaker, input: usize) -> Self {
        let unread = match kind {
            Kind::Tool => Unread::frames(),
            Kind::Call | Kind::Command => Unread::lines(),
        };
        Self {
            is_call: kind == Kind::Call,
            is_tool: kind == Kind::Tool,
            state: Mutex::new(State {
                speaker: Some(speaker),
                unread,
                has_lost: false,
                // Calls are not written to be read while they run.
                is_unread: kind == Kind::Call,
                nexts: VecDeque::new(),
                inputs: VecDeque::new(),
                is_fed: false,
                input_has_ended: false,
                outstanding: input,
                finishes: Vec::new(),
                ended: None,
            }),
            room: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers with what it says next, now or later.
    pub(super) fn next(&self, reply: Reply) {
        let mut state = self.lock();
        state.nexts.push_back(reply);
        let answers = state.of_nexts();
        drop(state);
        self.room.notify_all();
        give(answers);
    }

    /// Gives it input, once there is room for it.
    pub(super) fn input(&self, bytes: Vec<u8>, ends: bool, reply: Reply) {
        if self.is_call {
            return reply.refuse("a call has no standard input");
        }
        let mut state = self.lock();
        if state.input_has_ended {
            drop(state);
            return reply.refuse("its standard input is closed");
        }
        state.input_has_ended = ends;
        state.inputs.push_back(Input { bytes, ends, reply });
        drop(state);
        self.feed();
    }

    /// Sends the input that there is room for.
    fn feed(&self) {
        let mut state = self.lock();
        while !state.is_fed
            && let Some(input) = state.next_input()
        {
            state.is_fed = true;
            let speaker = state.speaker.clone();
            drop(state);
            if let Some(speaker) = speaker {
                // That nothing can be sent any more shows as the end of the task.
                if !input.bytes.is_empty() {
                    let _ = speaker.send(&ToAgent::Input(input.bytes));
                }
                if input.ends {
                    let _ = speaker.send(&ToAgent::InputEnd);
                }
            }
            input.reply.give(Answer::Taken);
            state = self.lock();
            state.is_fed = false;
        }
        let late = state.late_inputs();
        drop(state);
        late.into_iter()
            .for_each(|input| input.reply.refuse("it has ended"));
    }

    /// Answers with how it ended, once it has; returns whether it has.
    pub(super) fn finish(&self, kill: bool, reply: Reply) -> bool {
        let mut state = self.lock();
        state.finishes.push(reply);
        let answers = state.of_finishes();
        state.is_unread = true;
        let speaker = state.speaker.clone();
        drop(state);
        self.room.notify_all();
        if let Some(speaker) = speaker.filter(|_| kill) {
            let _ = speaker.send(&ToAgent::Signal(KILL));
        }
        let is_over = !answers.is_empty();
        give(answers);
        is_over
    }

    /// Notes how it ended; returns whether anybody was waiting for that.
    pub(super) fn end(&self, ended: Result<Ran, Failure>) -> bool {
        let mut state = self.lock();
        state.unread.finish();
        state.ended = Some(ended);
        let speaker = state.speaker.take();
        let mut answers = state.of_nexts();
        let finished = state.of_finishes();
        drop(state);
        let is_awaited = !finished.is_empty();
        answers.extend(finished);
        // If its job still runs, nobody listens to it any more.
        if let Some(speaker) = speaker {
            speaker.hang_up();
        }
        give(answers);
        self.feed();
        is_awaited
    }

    /// Keeps nothing for readers from now on: there will be none.
    pub(super) fn abandon(&self) {
        self.lock().is_unread = true;
        self.room.notify_all();
    }

    /// Takes output; waits while too much of it is unread, so that the job waits, as at a pipe.
    pub(super) fn says(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut state = self.lock();
        let pushed = state.unread.push(bytes);
        let answers = state.of_nexts();
        drop(state);
        give(answers);
        pushed.map_err(|error| breach_of(&error.to_string()))?;
        let mut state = self.lock();
        while state.unread.is_full() {
            if state.is_unread {
                state.unread.clear();
                state.has_lost = true;
            } else {
                let waited = self.room.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
            }
        }
        Ok(())
    }

    /// Notes that its job has taken so many bytes of input.
    pub(super) fn took(&self, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let mut state = self.lock();
        state.outstanding = state.outstanding.saturating_sub(bytes);
        drop(state);
        self.feed();
    }
}

impl State {
    /// Returns the answers that can be given to those who read.
    fn of_nexts(&mut self) -> Vec<(Reply, Answer)> {
        let mut answers = Vec::new();
        while !self.nexts.is_empty()
            && let Some(answer) = self.next_answer()
            && let Some(reply) = self.nexts.pop_front()
        {
            answers.push((reply, answer));
        }
        answers
    }

    fn next_answer(&mut self) -> Option<Answer> {
        if std::mem::take(&mut self.has_lost) {
            let words = format!(
                "more than {MOST_UNREAD} bytes that it said were not asked for, and are lost"
            );
            return Some(Answer::Refused(Failure::new(words)));
        }
        if let Some(part) = self.unread.next() {
            return Some(Answer::Next(part));
        }
        match self.ended.as_ref()? {
            Ok(_) => Some(Answer::NoMore),
            Err(failure) => Some(Answer::Refused(failure.clone())),
        }
    }

    /// Returns the answers to those who wait for its end, once it has ended.
    fn of_finishes(&mut self) -> Vec<(Reply, Answer)> {
        let Some(ended) = &self.ended else {
            return Vec::new();
        };
        let answer = match ended {
            Ok(ran) => Answer::Ran(Box::new(ran.clone())),
            Err(failure) => Answer::Refused(failure.clone()),
        };
        let replies = self.finishes.drain(..);
        replies.map(|reply| (reply, answer.clone())).collect()
    }

    /// Returns input that there is room for.
    fn next_input(&mut self) -> Option<Input> {
        let length = self.inputs.front()?.bytes.len();
        if self.ended.is_some() || self.outstanding + length > INPUT_WINDOW {
            return None;
        }
        self.outstanding += length;
        self.inputs.pop_front()
    }

    /// Returns the input that came too late.
    fn late_inputs(&mut self) -> VecDeque<Input> {
        match self.ended {
            Some(_) => std::mem::take(&mut self.inputs),
            None => VecDeque::new(),
        }
    }
}

/// Gives answers, which may take a while.
fn give(answers: Vec<(Reply, Answer)>) {
    for (reply, answer) in answers {
        reply.give(answer);
    }
}

#[cfg(test)]
mod tests;
