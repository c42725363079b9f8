//! The behavior that does nothing.

use std::future::ready;

use super::{Action, Behavior, Exchange, Hook};

/// Passes everything on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dummy;

impl Behavior for Dummy {
    fn name(&self) -> &str {
        "dummy"
    }

    fn before<'a>(&'a self, _exchange: &'a Exchange) -> Hook<'a> {
        Box::pin(ready(Action::Ignore))
    }
}
