//! The behavior that lets a client wait for its reply.

use std::time::Duration;

use super::{Action, Behavior, Exchange, Hook};

/// Waits before the server gets the request, or before the client gets the reply.
#[derive(Clone, Copy, Debug)]
pub struct Delay {
    /// How long it waits.
    pub sleep: Duration,
    /// Whether it waits before the server gets the request; else before the client gets the reply.
    pub before: bool,
}

impl Default for Delay {
    fn default() -> Self {
        Self {
            sleep: Duration::from_secs(1),
            before: true,
        }
    }
}

impl Delay {
    fn wait(&self, is_time: bool) -> Hook<'_> {
        Box::pin(async move {
            if is_time {
                tokio::time::sleep(self.sleep).await;
            }
            Action::PassOn
        })
    }
}

impl Behavior for Delay {
    fn name(&self) -> &str {
        "delay"
    }

    fn before<'a>(&'a self, _exchange: &'a Exchange) -> Hook<'a> {
        self.wait(self.before)
    }

    fn between<'a>(&'a self, _exchange: &'a Exchange) -> Hook<'a> {
        self.wait(!self.before)
    }
}
