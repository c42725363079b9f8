//! One named proxy, which may be enabled or not. It keeps its toxics when it is disabled.

use std::sync::Arc;

use super::error::ProxyError;
use super::listener::Proxy;
use super::setup::Setup;
use super::traffic::Traffic;
use crate::address::resolve;
use crate::toxic::Toxic;

/// A proxy as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub listen: String,
    /// Where it connects to.
    pub upstream: String,
    /// Whether it runs.
    pub enabled: bool,
}

/// What changes of a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Where it listens from now on; its connections end if that is somewhere else.
    pub listen: Option<String>,
    /// Where it connects to from now on; its connections end if that is somewhere else.
    pub upstream: Option<String>,
    /// Whether it runs from now on.
    pub enabled: Option<bool>,
}

/// A proxy as it is.
#[derive(Clone, Debug)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// Where it listens, with the port that it got.
    pub listen: String,
    /// Where it connects to.
    pub upstream: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Its toxics: those for upstream first.
    pub toxics: Vec<Arc<Toxic>>,
    /// What it has counted since it got these addresses.
    pub traffic: Arc<Traffic>,
}

/// A proxy in the register.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) setup: Setup,
    running: Option<Proxy>,
}

impl Entry {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            setup,
            running: None,
        }
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.running.is_some()
    }

    /// Starts it if it does not run.
    pub(super) async fn start(&mut self) -> Result<(), ProxyError> {
        if self.running.is_none() {
            let proxy = Proxy::start(self.setup.clone()).await?;
            self.setup.listen = proxy.address().to_string();
            self.running = Some(proxy);
        }
        Ok(())
    }

    pub(super) async fn stop(&mut self) {
        if let Some(proxy) = self.running.take() {
            proxy.stop().await;
        }
    }

    /// Tells whether these addresses are others than its own.
    pub(super) async fn differs(&self, listen: &str, upstream: &str) -> Result<bool, ProxyError> {
        let listen = resolve(listen).await.map_err(ProxyError::Start)?;
        Ok(self.setup.listen != listen.to_string() || self.setup.upstream != upstream)
    }

    pub(super) async fn update(&mut self, update: Update) -> Result<(), ProxyError> {
        let listen = update.listen.unwrap_or_else(|| self.setup.listen.clone());
        let upstream = update.upstream;
        let upstream = upstream.unwrap_or_else(|| self.setup.upstream.clone());
        let wanted = update.enabled.unwrap_or(self.is_enabled());
        if self.differs(&listen, &upstream).await? {
            self.stop().await;
            self.setup.listen = listen;
            self.setup.upstream = upstream;
            self.setup.traffic = Arc::default();
        }
        if wanted {
            self.start().await
        } else {
            self.stop().await;
            Ok(())
        }
    }

    pub(super) fn described(&self) -> Described {
        Described {
            name: self.setup.name.clone(),
            listen: self.setup.listen.clone(),
            upstream: self.setup.upstream.clone(),
            enabled: self.is_enabled(),
            toxics: self.setup.toxics.all(),
            traffic: Arc::clone(&self.setup.traffic),
        }
    }
}
