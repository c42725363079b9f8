//! What a proxy needs to know before it starts. It starts nothing.

use std::fmt;
use std::sync::Arc;

use super::traffic::Traffic;
use crate::exchange::Carrier;
use crate::log::{Level, Log};
use crate::seed::Seed;
use crate::toxic::Toxics;

/// How a proxy is to be.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The name by which logs call it, and which its random draws depend on.
    pub name: String,
    /// Where it listens: `host:port`. Without a host, on the loopback address only; with port 0, on
    /// a free one.
    pub listen: String,
    /// Where it connects to: `host:port`.
    pub upstream: String,
    /// The toxics on its connections; they may be changed while it runs.
    pub toxics: Toxics,
    /// What understands the exchanges on its connections; without one, only toxics act.
    pub carrier: Option<Arc<Carrier>>,
    /// What is counted.
    pub traffic: Arc<Traffic>,
    /// What decides its random draws.
    pub seed: Seed,
    /// Where it logs.
    pub log: Log,
}

impl Setup {
    /// Returns the setup of a proxy without toxics, a name or a log, whose seed nobody chose.
    pub fn new(listen: impl Into<String>, upstream: impl Into<String>) -> Self {
        Self {
            name: String::new(),
            listen: listen.into(),
            upstream: upstream.into(),
            toxics: Toxics::new(),
            carrier: None,
            traffic: Arc::default(),
            seed: Seed::random(),
            log: Log::silent(),
        }
    }

    /// Logs something about this proxy.
    pub(super) fn tell(&self, level: Level, what: fmt::Arguments<'_>) {
        let text = format_args!("proxy {:?}: {what}", self.name);
        self.log.line(level, text);
    }
}
