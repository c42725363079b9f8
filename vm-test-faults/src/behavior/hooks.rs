//! The trait of behaviors. It knows nothing of connections: the relay calls its hooks and does
//! what they return.

use std::future::{Future, ready};
use std::pin::Pin;

use super::{Action, Exchange};
use crate::protocol::{Protocol, Unsupported};

/// What a hook returns: a future, as `Box::pin(async move { … })` makes it.
pub type Hook<'a> = Pin<Box<dyn Future<Output = Action> + Send + 'a>>;

/// What happens to an exchange that a rule has chosen.
///
/// One behavior serves all connections of a proxy. A hook may wait; then this connection waits.
pub trait Behavior: Send + Sync + 'static {
    /// Returns its name, for events: `delay`.
    fn name(&self) -> &str;

    /// Is called when a request has begun, before the server gets any of it.
    fn before<'a>(&'a self, exchange: &'a Exchange) -> Hook<'a> {
        let _ = exchange;
        Box::pin(ready(Action::PassOn))
    }

    /// Is called when the server has got the request, before the client gets any of the reply.
    ///
    /// Replies to earlier requests have been passed on by then.
    fn between<'a>(&'a self, exchange: &'a Exchange) -> Hook<'a> {
        let _ = exchange;
        Box::pin(ready(Action::PassOn))
    }

    /// Is called when the client has got the reply.
    fn after<'a>(&'a self, exchange: &'a Exchange) -> Hook<'a> {
        let _ = exchange;
        Box::pin(ready(Action::PassOn))
    }

    /// Tells whether it can work with this protocol; asked once, when the proxy starts.
    ///
    /// # Errors
    ///
    /// Returns why not.
    fn check(&self, protocol: &dyn Protocol) -> Result<(), Unsupported> {
        let _ = protocol;
        Ok(())
    }
}
