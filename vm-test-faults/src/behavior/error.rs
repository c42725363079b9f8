//! The behaviors that answer in the server's place: always, or a few times and then no more.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::{Action, Behavior, Exchange, Hook};
use crate::protocol::{Fault, Protocol, Unsupported};
use crate::random;

/// How many bytes are inserted into a reply.
const INSERTED: usize = 100;

/// What errors there are, and when.
#[derive(Clone, Debug, Default)]
pub struct ErrorOptions {
    /// The error; if there is none, one that the protocol has chosen for this, at random.
    pub fault: Option<Fault>,
    /// Inserts 100 random bytes in the middle of the server's reply instead; not for HTTP.
    pub inject: bool,
    /// How many exchanges are passed on before the first error.
    pub warmup: u64,
}

/// Answers with an error of the protocol, or damages the server's reply.
#[derive(Debug, Default)]
pub struct Error {
    options: ErrorOptions,
    calls: AtomicU64,
}

/// Answers with an error for some exchanges, and passes the later ones on.
#[derive(Debug)]
pub struct Transient {
    agitate: u64,
    error: Error,
}

impl Error {
    /// Returns the behavior with these options.
    #[must_use]
    pub fn new(options: ErrorOptions) -> Self {
        Self {
            options,
            calls: AtomicU64::new(0),
        }
    }

    /// Returns the behavior that answers with this error of the protocol.
    #[must_use]
    pub fn with(code: impl Into<String>) -> Self {
        let fault = Fault {
            code: code.into(),
            text: None,
        };
        Self::new(ErrorOptions {
            fault: Some(fault),
            ..ErrorOptions::default()
        })
    }

    /// Returns what happens in the exchange that is the next one, if no more than `most` of them
    /// get an error.
    fn begin(&self, exchange: &Exchange, most: u64) -> Action {
        let earlier = self.calls.fetch_add(1, Ordering::Relaxed);
        if earlier < self.options.warmup || earlier - self.options.warmup >= most {
            return Action::Ignore;
        }
        // Replies of HTTP have a length, which inserted bytes would contradict.
        if self.options.inject && exchange.protocol != "http" {
            return Action::PassOn;
        }
        let chosen = || {
            let faults = exchange.default_faults;
            let at = usize::try_from(exchange.random % faults.len().max(1) as u64);
            let fault = faults.get(at.unwrap_or_default());
            Fault {
                code: fault.map_or("", |fault| fault.code).to_owned(),
                text: None,
            }
        };
        Action::Answer(self.options.fault.clone().unwrap_or_else(chosen))
    }

    fn damage(exchange: &Exchange) -> Action {
        Action::Insert(Bytes::from(random::bytes(exchange.random, INSERTED)))
    }
}

impl Default for Transient {
    fn default() -> Self {
        Self::new(1, ErrorOptions::default())
    }
}

impl Transient {
    /// Returns the behavior that answers `agitate` exchanges with an error, behind those of
    /// [`ErrorOptions::warmup`].
    #[must_use]
    pub fn new(agitate: u64, options: ErrorOptions) -> Self {
        Self {
            agitate,
            error: Error::new(options),
        }
    }
}

impl Behavior for Error {
    fn name(&self) -> &str {
        "error"
    }

    fn before<'a>(&'a self, exchange: &'a Exchange) -> Hook<'a> {
        Box::pin(ready(self.begin(exchange, u64::MAX)))
    }

    fn between<'a>(&'a self, exchange: &'a Exchange) -> Hook<'a> {
        Box::pin(ready(Self::damage(exchange)))
    }

    fn check(&self, protocol: &dyn Protocol) -> Result<(), Unsupported> {
        match &self.options.fault {
            Some(fault) => protocol.check(fault),
            None => Ok(()),
        }
    }
}

impl Behavior for Transient {
    fn name(&self) -> &str {
        "transient"
    }

    fn before<'a>(&'a self, exchange: &'a Exchange) -> Hook<'a> {
        Box::pin(ready(self.error.begin(exchange, self.agitate)))
    }

    fn between<'a>(&'a self, exchange: &'a Exchange) -> Hook<'a> {
        Box::pin(ready(Error::damage(exchange)))
    }

    fn check(&self, protocol: &dyn Protocol) -> Result<(), Unsupported> {
        self.error.check(protocol)
    }
}
