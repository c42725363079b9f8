//! HTTP as a protocol of the proxy. What passes on a connection is read elsewhere.

use super::answer::{DEFAULT, KNOWN};
use super::conversation::Exchanges;
use crate::protocol::{Conversation, Fault, KnownFault, Protocol, Unsupported, unknown_fault};

/// HTTP/1.0 and HTTP/1.1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Http;

impl Http {
    /// Returns the protocol.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Protocol for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Exchanges::default())
    }

    fn known_faults(&self) -> &'static [KnownFault] {
        KNOWN
    }

    fn check(&self, fault: &Fault) -> Result<(), Unsupported> {
        if KNOWN.iter().any(|known| known.code == fault.code) {
            Ok(())
        } else {
            Err(unknown_fault("HTTP", &fault.code, KNOWN))
        }
    }

    fn default_faults(&self) -> &'static [KnownFault] {
        DEFAULT
    }

    /// Returns the request line: headers such as `Host` differ from run to run.
    fn distinctive_part<'a>(&self, first_part: &'a [u8]) -> &'a [u8] {
        let line = first_part
            .split(|byte| *byte == b'\n')
            .find(|line| !line.trim_ascii().is_empty());
        line.unwrap_or_default().trim_ascii_end()
    }
}
