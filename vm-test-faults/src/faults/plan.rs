//! Which faults, how often and for which requests, as a test says it. It starts nothing.

use std::sync::Arc;
use std::time::Duration;

use crate::behavior::{
    Abort, Behavior, Blackout, Delay, Dummy, Error, ErrorOptions, Hang, Transient,
};
use crate::exchange::{NamePattern, Rule, Which};
use crate::protocol::Fault;

/// Faults, each with its conditions.
///
/// A fault is named first, its conditions behind it. For each exchange the first fault counts
/// whose conditions it meets.
///
/// ```
/// use vm_test_faults::faults::Plan;
///
/// let plan = Plan::new()
///     .error("503").percent(20).seed(7)
///     .hang().on("POST /orders").only(3);
/// ```
#[derive(Default)]
pub struct Plan {
    drafts: Vec<Draft>,
    seed: u64,
    mistakes: Vec<String>,
}

/// A rule that is being written.
struct Draft {
    behavior: Arc<dyn Behavior>,
    percent: f64,
    names: Option<String>,
    which: Which,
}

impl Plan {
    /// Returns a plan without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers with this error of the protocol: `LOADING`, `503`. The server does not get the
    /// request.
    #[must_use]
    pub fn error(self, code: impl Into<String>) -> Self {
        self.behavior(Error::with(code))
    }

    /// Answers with this error of the protocol and this text behind it.
    #[must_use]
    pub fn error_with_text(self, code: impl Into<String>, text: impl Into<String>) -> Self {
        self.behavior(Error::new(ErrorOptions {
            fault: Some(Fault {
                code: code.into(),
                text: Some(text.into()),
            }),
            ..ErrorOptions::default()
        }))
    }

    /// Answers with errors that are usual for the protocol, at random.
    #[must_use]
    pub fn any_error(self) -> Self {
        self.behavior(Error::default())
    }

    /// Answers so many exchanges with this error of the protocol, and passes on all later ones.
    #[must_use]
    pub fn transient(self, code: impl Into<String>, count: u64) -> Self {
        let fault = Fault {
            code: code.into(),
            text: None,
        };
        let options = ErrorOptions {
            fault: Some(fault),
            ..ErrorOptions::default()
        };
        self.behavior(Transient::new(count, options))
    }

    /// Waits before the server gets the request.
    #[must_use]
    pub fn delay(self, sleep: Duration) -> Self {
        self.behavior(Delay {
            sleep,
            before: true,
        })
    }

    /// Waits before the client gets the reply.
    #[must_use]
    pub fn delay_reply(self, sleep: Duration) -> Self {
        self.behavior(Delay {
            sleep,
            before: false,
        })
    }

    /// Never answers.
    #[must_use]
    pub fn hang(self) -> Self {
        self.behavior(Hang)
    }

    /// Closes the connection before the server gets the request.
    #[must_use]
    pub fn blackout(self) -> Self {
        self.behavior(Blackout)
    }

    /// Closes the connection when the server has the request, before the client has the reply.
    #[must_use]
    pub fn abort(self) -> Self {
        self.behavior(Abort)
    }

    /// Passes on, so that no later fault counts.
    #[must_use]
    pub fn dummy(self) -> Self {
        self.behavior(Dummy)
    }

    /// Adds a behavior of one's own.
    #[must_use]
    pub fn behavior(mut self, behavior: impl Behavior) -> Self {
        self.drafts.push(Draft {
            behavior: Arc::new(behavior),
            percent: 100.0,
            names: None,
            which: Which::All,
        });
        self
    }

    /// Only this share of the exchanges, from 0 to 100, as the seed chooses them.
    #[must_use]
    pub fn percent(mut self, percent: impl Into<f64>) -> Self {
        let percent = percent.into();
        if !(0.0..=100.0).contains(&percent) {
            let mistake = format!("percent({percent}) is not from 0 to 100");
            self.mistakes.push(mistake);
        }
        self.last("percent", |draft| draft.percent = percent)
    }

    /// Only requests of this name: `SET`, `GET /path`, `GET /api/*`; see
    /// [`NamePattern::new`].
    #[must_use]
    pub fn on(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.last("on", |draft| draft.names = Some(name))
    }

    /// Only the first so many.
    #[must_use]
    pub fn first(self, count: u64) -> Self {
        self.last("first", |draft| draft.which = Which::First(count))
    }

    /// Only each one whose number is a multiple of this.
    #[must_use]
    pub fn every(mut self, step: u64) -> Self {
        if step == 0 {
            let mistake = "every(0) means no exchange".to_owned();
            self.mistakes.push(mistake);
        }
        self.last("every", |draft| draft.which = Which::Every(step))
    }

    /// Only the one with this number, from 1.
    #[must_use]
    pub fn only(mut self, number: u64) -> Self {
        if number == 0 {
            let mistake = "only(0) means no exchange: the first one is only(1)".to_owned();
            self.mistakes.push(mistake);
        }
        self.last("only", |draft| draft.which = Which::Only(number))
    }

    /// Chooses what belongs to this seed, for all faults of the plan. Without one it is 0: the same
    /// in each run.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Changes the last fault.
    fn last(mut self, condition: &str, change: impl FnOnce(&mut Draft)) -> Self {
        match self.drafts.last_mut() {
            Some(draft) => change(draft),
            None => self.mistakes.push(format!(
                "{condition}() stands before the fault it is for\nhint: name the fault first, as in \
                 error(\"…\").{condition}(…)"
            )),
        }
        self
    }

    /// Returns the rules.
    ///
    /// # Errors
    ///
    /// Returns the first thing that is wrong with them.
    pub(super) fn rules(self) -> Result<Vec<Rule>, String> {
        if let Some(mistake) = self.mistakes.into_iter().next() {
            return Err(mistake);
        }
        let drafts = self.drafts.into_iter();
        let rules = drafts.map(|draft| {
            let rule = Rule::by_percent([(draft.percent, draft.behavior)]);
            let rule = rule.which(draft.which).seed(self.seed);
            match draft.names {
                Some(names) => rule.on(NamePattern::new(names)),
                None => rule,
            }
        });
        Ok(rules.collect())
    }
}
