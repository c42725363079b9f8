//! The two traits that a protocol implements. They do no input or output: they are given bytes and
//! say what these are, so that tests and fuzzers need no sockets.

use super::{Answer, Fault, KnownFault, Request, Step, Unsupported, Violation};

/// A protocol above TCP.
pub trait Protocol: Send + Sync + 'static {
    /// Returns its name in lower case: `redis`.
    fn name(&self) -> &'static str;

    /// Returns a new connection's state.
    fn conversation(&self) -> Box<dyn Conversation>;

    /// Returns the errors that it knows.
    fn known_faults(&self) -> &'static [KnownFault];

    /// Tells whether it can answer with this error at all.
    ///
    /// # Errors
    ///
    /// Returns why not, with a hint of what it can say.
    fn check(&self, fault: &Fault) -> Result<(), Unsupported>;

    /// Returns whether the server speaks first.
    ///
    /// Then the connection begins with an exchange of its own, whose request has no bytes: the
    /// proxy gets it from [`Conversation::greeting`].
    fn server_speaks_first(&self) -> bool {
        false
    }

    /// Returns the errors that a behavior chooses from if a test names none.
    fn default_faults(&self) -> &'static [KnownFault] {
        self.known_faults().get(..1).unwrap_or_default()
    }

    /// Returns the bytes of a request's first part that tell it from other requests of its name.
    ///
    /// Random choices depend on them. They should not depend on what differs from run to run, as a
    /// port in HTTP's `Host` does.
    fn distinctive_part<'a>(&self, first_part: &'a [u8]) -> &'a [u8] {
        first_part
    }
}

/// One connection, as its protocol sees it.
///
/// Requests are read ahead of their replies, as far as the client sends them.
pub trait Conversation: Send {
    /// Reads what the client has sent and the proxy has not yet taken; never empty.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with bytes that are not of the protocol.
    fn request(&mut self, bytes: &[u8]) -> Result<Step, Violation>;

    /// Reads what the server has sent and the proxy has not yet taken; never empty.
    ///
    /// `request` is the oldest one that was passed on and whose reply has not ended, or none if the
    /// server speaks without being asked (a push of redis, a goodbye before it closes).
    ///
    /// # Errors
    ///
    /// Returns what is wrong with bytes that are not of the protocol.
    fn reply(&mut self, request: Option<&Request>, bytes: &[u8]) -> Result<Step, Violation>;

    /// Returns how to answer a request with an error. The request itself is then read to its end
    /// and not passed on.
    ///
    /// It is called behind the request's first part and before anything else is read, in the order
    /// of requests, so that the protocol can keep what it knows in step.
    ///
    /// # Errors
    ///
    /// Returns why this request cannot be answered so; the proxy then passes it on.
    fn error(&mut self, request: &Request, fault: &Fault) -> Result<Answer, Unsupported>;

    /// Returns the request that stands for the server's greeting, where the server speaks first.
    ///
    /// The server's greeting is its reply. If it is answered with an error, the server's greeting is
    /// not passed on.
    fn greeting(&mut self) -> Option<Request> {
        None
    }
}
