//! A question whose answer is a future's: any executor may wait for it. Dropping it loses no other
//! answer, and leaves nothing running that only this answer names.

use super::exchange::{EXCHANGE, Exchange};
use super::line::{Line, line, unsent};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, Question};

/// The future of an answer. It asks when it is polled for the first time.
#[must_use = "nothing is asked until it is awaited"]
pub(super) struct Asking {
    stage: Stage,
}

enum Stage {
    Refused(Failure),
    Unasked(Place, Question),
    Asked(Place, u64),
    Over,
}

/// Where it asks.
#[derive(Clone, Copy)]
struct Place {
    exchange: &'static Exchange,
    line: &'static dyn Line,
}

/// Asks, and returns the future of the answer.
pub(super) fn ask_async(question: Question) -> Asking {
    match line() {
        Ok(line) => Asking::on(&EXCHANGE, line, question),
        Err(failure) => Asking {
            stage: Stage::Refused(failure),
        },
    }
}

impl Asking {
    /// Asks on this line.
    pub(super) fn on(
        exchange: &'static Exchange,
        line: &'static dyn Line,
        question: Question,
    ) -> Self {
        Self {
            stage: Stage::Unasked(Place { exchange, line }, question),
        }
    }

    /// Asks if there is room; returns the number of the question.
    fn begin(
        place: Place,
        question: Question,
        context: &Context<'_>,
    ) -> io::Result<Result<u64, Question>> {
        let Place { exchange, line } = place;
        let Some(number) = exchange.number_of_future(line, &question, context.waker())? else {
            return Ok(Err(question));
        };
        exchange.send(line, number, question)?;
        Ok(Ok(number))
    }
}

impl Future for Asking {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        let stage = &mut self.get_mut().stage;
        let (place, number) = match std::mem::replace(stage, Stage::Over) {
            Stage::Refused(failure) => return Poll::Ready(Answer::Refused(failure)),
            Stage::Unasked(place, question) => match Self::begin(place, question, context) {
                Ok(Ok(number)) => (place, number),
                Ok(Err(question)) => {
                    *stage = Stage::Unasked(place, question);
                    return Poll::Pending;
                }
                Err(error) => return Poll::Ready(Answer::Refused(unsent(&error))),
            },
            Stage::Asked(place, number) => (place, number),
            Stage::Over => return Poll::Pending,
        };
        match place.exchange.fetch(number, context.waker()) {
            Some(answer) => Poll::Ready(answer),
            None => {
                *stage = Stage::Asked(place, number);
                Poll::Pending
            }
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Stage::Asked(place, number) = self.stage {
            place.exchange.abandon(place.line, number);
        }
    }
}

#[cfg(test)]
mod tests;
