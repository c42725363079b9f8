//! The behaviors that end a connection or never answer on it.

use std::future::ready;

use super::{Action, Behavior, Exchange, Hook};

/// Reads what the client sends and never answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hang;

/// Closes the connection before the server gets the request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blackout;

/// Closes the connection when the server has the request, before the client has the reply.
///
/// The server sees a client that goes away; the client does not know whether its request was
/// carried out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Abort;

impl Behavior for Hang {
    fn name(&self) -> &str {
        "hang"
    }

    fn before<'a>(&'a self, _exchange: &'a Exchange) -> Hook<'a> {
        Box::pin(ready(Action::Hang))
    }
}

impl Behavior for Blackout {
    fn name(&self) -> &str {
        "blackout"
    }

    fn before<'a>(&'a self, _exchange: &'a Exchange) -> Hook<'a> {
        Box::pin(ready(Action::Close))
    }
}

impl Behavior for Abort {
    fn name(&self) -> &str {
        "abort"
    }

    fn between<'a>(&'a self, _exchange: &'a Exchange) -> Hook<'a> {
        Box::pin(ready(Action::Close))
    }
}
