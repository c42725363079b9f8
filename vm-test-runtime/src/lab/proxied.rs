//! A proxy before a port of a node that a test has begun: what it has done so far, and its end.

use super::order::{LabError, order, unexpected};
use vm_test_protocol::order::{Done, Order};
use vm_test_protocol::proxy::ProxyReport;

/// A proxy before a port of a node. Dropping it ends it, and what it carries.
#[derive(Debug)]
#[must_use = "the proxy ends when this is dropped"]
pub struct Proxied {
    what: String,
    /// Its number, unless it has ended.
    number: Option<u64>,
}

impl Proxied {
    /// Returns the proxy with this number; `what` says what is done with it, for errors.
    pub(super) fn begun(what: String, number: u64) -> Self {
        Self {
            what,
            number: Some(number),
        }
    }

    /// Returns what it has done so far.
    ///
    /// # Panics
    /// If it cannot be asked.
    #[must_use]
    #[track_caller]
    pub fn report(&self) -> ProxyReport {
        let proxy = self.number.unwrap_or_default();
        let failure = match order(&self.what, Order::AskProxy { proxy }) {
            Ok(Done::Proxied(report)) => return report,
            Ok(_) => LabError::new(&*self.what, &unexpected()),
            Err(error) => error,
        };
        panic!("{failure}")
    }

    /// Returns how many exchanges a behavior was chosen for.
    ///
    /// # Panics
    /// If it cannot be asked.
    #[must_use]
    #[track_caller]
    pub fn hits(&self) -> u64 {
        self.report().hits
    }

    /// Ends it, and what it carries.
    ///
    /// # Panics
    /// If that fails.
    #[track_caller]
    pub fn stop(mut self) {
        if let Err(error) = self.end() {
            panic!("{error}")
        }
    }

    fn end(&mut self) -> Result<(), LabError> {
        match self.number.take() {
            Some(proxy) => order(&self.what, Order::EndProxy { proxy }).map(|_| ()),
            None => Ok(()),
        }
    }
}

impl Drop for Proxied {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("vm-test: warning: {error}");
        }
    }
}
