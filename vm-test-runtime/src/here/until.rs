//! A condition of the test's own: a closure that is called until its answer is the right one.

use super::look::{Look, Watched};
use std::fmt::Display;

/// What a closure may return that [`Wait::until`](super::Wait::until) calls.
///
/// `true` and `Some(value)` end the wait, `false` and `None` do not. In a `Result`, `Ok` counts as
/// what is in it, so that `Ok(false)` does not end the wait, and `Err` does not end it either.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether the wait is over",
    label = "this is neither yes nor no",
    note = "return `bool` or `Option<T>`, or one of them in a `Result` whose error is `Display`",
    note = "where any `Ok` ends the wait, call `until_ok`"
)]
pub trait Answer {
    /// What the wait returns.
    type Value;

    /// Returns the value that ends the wait.
    ///
    /// # Errors
    /// If the wait goes on; the text says what was found, and is shown if the wait fails.
    fn answer(self) -> Result<Self::Value, String>;
}

impl Answer for bool {
    type Value = ();

    fn answer(self) -> Result<(), String> {
        self.then_some(())
            .ok_or_else(|| "the closure returned false".to_owned())
    }
}

impl<T> Answer for Option<T> {
    type Value = T;

    fn answer(self) -> Result<T, String> {
        self.ok_or_else(|| "the closure returned None".to_owned())
    }
}

impl<A: Answer, E: Display> Answer for Result<A, E> {
    type Value = A::Value;

    fn answer(self) -> Result<A::Value, String> {
        match self {
            Ok(answer) => answer.answer(),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Waits until the closure answers with a value.
pub(super) struct Until<F> {
    pub(super) what: String,
    pub(super) ask: F,
}

impl<A: Answer, F: FnMut() -> A> Watched for Until<F> {
    type Value = A::Value;

    fn what(&self) -> String {
        self.what.clone()
    }

    fn look(&mut self) -> Look<A::Value> {
        match (self.ask)().answer() {
            Ok(value) => Look::Met(value),
            Err(found) => Look::NotYet(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look<A: Answer>(answer: A) -> Look<A::Value> {
        let mut answer = Some(answer);
        let mut until = Until {
            what: "an answer".to_owned(),
            ask: || answer.take().unwrap(),
        };
        assert_eq!(until.what(), "an answer");
        until.look()
    }

    fn not_yet<T>(words: &str) -> Look<T> {
        Look::NotYet(words.to_owned())
    }

    #[test]
    fn a_closure_answers_with_a_truth_value_an_option_or_a_result() {
        assert_eq!(look(true), Look::Met(()));
        assert_eq!(look(false), not_yet("the closure returned false"));
        assert_eq!(look(Some(3)), Look::Met(3));
        assert_eq!(look(None::<u8>), not_yet("the closure returned None"));
        let number = |text: &str| text.parse::<u8>().map(Some);
        assert_eq!(look(number("7")), Look::Met(7));
        let words = "invalid digit found in string";
        assert_eq!(look(number("x")), not_yet(words));
    }

    #[test]
    fn a_result_is_no_yes_by_itself() {
        let words = "the closure returned false";
        assert_eq!(look(Ok::<_, String>(false)), not_yet(words));
        let words = "the closure returned None";
        assert_eq!(look(Ok::<_, String>(None::<u8>)), not_yet(words));
        assert_eq!(look(Ok::<_, String>(true)), Look::Met(()));
    }
}
