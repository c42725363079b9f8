//! The protocol with its options, as the proxy is told to carry it.

use super::connection::Connection;
use super::fault::{self, Error};
use crate::protocol::{Conversation, Fault, KnownFault, Protocol, Tls, Unsupported};

/// SMTP with its extensions.
///
/// The server's greeting is an exchange of its own, named `greeting`; an error there closes the
/// connection, and so does 421 anywhere. Other requests are named after their command line, the verb
/// in capital letters: `MAIL FROM:<a@example.org>`; but of `AUTH` only the mechanism is in the name.
/// What the client says within `AUTH` is not open to faults.
///
/// A message behind `DATA` is a request, `MESSAGE`. Once the server has asked for it, only the server
/// can answer it; so an error in place of that answer is chosen with the command: the error
/// `451 after DATA` for a request `DATA`. The client is then asked for its message, the server is not,
/// and does not deliver it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Smtp {
    tls: Tls,
}

impl Smtp {
    /// Returns the protocol with TLS refused: `STARTTLS` is taken out of the server's extensions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what becomes of a client that wants TLS.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }
}

impl Protocol for Smtp {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Connection::new(self.tls))
    }

    fn known_faults(&self) -> &'static [KnownFault] {
        fault::KNOWN
    }

    fn check(&self, fault: &Fault) -> Result<(), Unsupported> {
        Error::read(fault).map(|_| ())
    }

    fn default_faults(&self) -> &'static [KnownFault] {
        fault::DEFAULT
    }

    /// Returns nothing: command lines are in the names, and a message comes in pieces of any size.
    fn distinctive_part<'a>(&self, _first_part: &'a [u8]) -> &'a [u8] {
        &[]
    }

    fn server_speaks_first(&self) -> bool {
        true
    }
}
