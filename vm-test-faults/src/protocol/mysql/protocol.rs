//! The protocol with its options, as the proxy is told to carry it.

use super::connection::Connection;
use super::fault::{self, Error};
use crate::protocol::{Conversation, Fault, KnownFault, Protocol, Tls, Unsupported};

/// The protocol of MySQL and MariaDB, version 10.
///
/// The server's greeting is an exchange of its own, named `greeting`; an error there closes the
/// connection, as from a server that has too many, and has a SQLSTATE only if the test names it, as
/// in `1040/08004`: MariaDB sends none there, some versions of MySQL do. Login and TLS are not open
/// to faults. Requests are named after their command; behind `COM_QUERY`, `COM_STMT_PREPARE` and
/// `COM_INIT_DB` stands the beginning of their text: `COM_QUERY SELECT 1`.
///
/// From the server's greeting the proxy takes what it does not carry: compression, result sets
/// without metadata, and TLS unless it is passed through. Clients do without these.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mysql {
    tls: Tls,
}

impl Mysql {
    /// Returns the protocol with TLS refused.
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

impl Protocol for Mysql {
    fn name(&self) -> &'static str {
        "mysql"
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

    fn server_speaks_first(&self) -> bool {
        true
    }
}
