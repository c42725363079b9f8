//! A proxy that runs for a test, until it is dropped.

use std::net::SocketAddr;
use std::sync::Arc;

use super::engine::Engine;
use super::error::FaultsError;
use super::plan::Plan;
use crate::exchange::{Carrier, Event, Rule};
use crate::proxy::Proxy;
use crate::toxic::Toxics;

/// A proxy before a server. When it is dropped, its listener and its connections are gone.
#[derive(Debug)]
pub struct FaultProxy {
    pub(super) engine: Arc<Engine>,
    pub(super) carrier: Arc<Carrier>,
    pub(super) upstream: String,
    pub(super) address: SocketAddr,
    /// There until it is dropped.
    pub(super) proxy: Option<Proxy>,
    pub(super) toxics: Toxics,
}

impl FaultProxy {
    /// Returns where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the server's address.
    #[must_use]
    pub fn upstream(&self) -> &str {
        &self.upstream
    }

    /// Returns how many exchanges a fault has had an effect on.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.carrier.hits()
    }

    /// Returns how many exchanges there were.
    #[must_use]
    pub fn exchanges(&self) -> u64 {
        self.carrier.exchanges()
    }

    /// Returns how many connections there were.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.carrier.connections()
    }

    /// Returns the last exchanges that a fault was chosen for, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.carrier.events()
    }

    /// Returns the last connections that were closed because of bytes that are not of the
    /// protocol: why, oldest first.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.carrier.violations()
    }

    /// Returns the toxics on its connections, to be changed while it runs.
    #[must_use]
    pub fn toxics(&self) -> &Toxics {
        &self.toxics
    }

    /// Replaces the faults by others, for exchanges that have not begun.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the new ones; then the old ones stay.
    pub fn set(&self, plan: Plan) -> Result<(), FaultsError> {
        self.replace(plan).map(drop)
    }

    /// Has these faults instead of the present ones while `body` runs, also if it panics.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the faults; then `body` does not run.
    pub fn during<R>(&self, plan: Plan, body: impl FnOnce() -> R) -> Result<R, FaultsError> {
        let _restored = Restored {
            carrier: &self.carrier,
            rules: self.replace(plan)?,
        };
        Ok(body())
    }

    fn replace(&self, plan: Plan) -> Result<Arc<[Rule]>, FaultsError> {
        let mistake = |mistake| FaultsError::Mistake {
            upstream: self.upstream.clone(),
            mistake,
        };
        let replaced = self.carrier.set_rules(plan.rules().map_err(mistake)?);
        replaced.map_err(|source| FaultsError::Unsupported {
            upstream: self.upstream.clone(),
            source,
        })
    }
}

/// Brings back the rules that were there before.
struct Restored<'a> {
    carrier: &'a Carrier,
    rules: Arc<[Rule]>,
}

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        self.carrier.restore_rules(Arc::clone(&self.rules));
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(proxy) = self.proxy.take() {
            // It can fail only if the threads have ended, and everything with them.
            let _ = self.engine.run(proxy.stop());
        }
    }
}
