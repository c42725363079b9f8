//! What can be changed of a running proxy in Vaurien's way: its behavior and its backend.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use super::behaviors::{Settings, named};
use super::percentages;
use crate::behavior::Behavior;
use crate::exchange::{Carrier, Rule};
use crate::proxy::{Proxy, ProxyError, Setup};

/// A proxy and its present behavior.
#[derive(Debug)]
pub(super) struct Control {
    carrier: Arc<Carrier>,
    seed: u64,
    settings: BTreeMap<String, Settings>,
    /// The behavior's name, or the list of names with percentages.
    behavior: Mutex<String>,
    running: AsyncMutex<Running>,
}

#[derive(Debug)]
struct Running {
    setup: Setup,
    /// None if it could not listen again.
    proxy: Option<Proxy>,
}

impl Control {
    /// Starts a proxy without faults.
    pub(super) async fn start(
        mut setup: Setup,
        carrier: Arc<Carrier>,
        settings: BTreeMap<String, Settings>,
    ) -> Result<Self, ProxyError> {
        let proxy = Proxy::start(setup.clone()).await?;
        setup.listen = proxy.address().to_string();
        Ok(Self {
            carrier,
            seed: setup.seed.0,
            settings,
            behavior: Mutex::new("dummy".to_owned()),
            running: AsyncMutex::new(Running {
                setup,
                proxy: Some(proxy),
            }),
        })
    }

    /// Returns where clients connect to.
    pub(super) async fn address(&self) -> String {
        self.running.lock().await.setup.listen.clone()
    }

    /// Returns the present behavior's name, or the list of names with percentages.
    pub(super) fn behavior(&self) -> String {
        self.locked_behavior().clone()
    }

    /// Has this behavior for all exchanges, with these options besides those of the start.
    pub(super) fn set_behavior(&self, name: &str, options: Settings) -> Result<(), String> {
        let rule = Rule::new(self.made(name, options)?);
        self.set_rule(rule, name.to_owned())
    }

    /// Has these behaviors with these percentages: `5:hang,10:delay`.
    pub(super) fn set_percentages(&self, list: &str) -> Result<(), String> {
        let parts = percentages::read(list)?;
        let mut choices = Vec::new();
        for (percent, name) in &parts {
            choices.push((f64::from(*percent), self.made(name, Settings::new())?));
        }
        let name = match parts.as_slice() {
            [(100, name)] => name.clone(),
            _ => list.to_owned(),
        };
        self.set_rule(Rule::by_percent(choices), name)
    }

    fn made(&self, name: &str, options: Settings) -> Result<Arc<dyn Behavior>, String> {
        let mut settings = self.settings.get(name).cloned().unwrap_or_default();
        settings.extend(options);
        named(name, &settings)
    }

    fn set_rule(&self, rule: Rule, name: String) -> Result<(), String> {
        let mut behavior = self.locked_behavior();
        let set = self.carrier.set_rules(vec![rule.seed(self.seed)]);
        set.map_err(|error| error.to_string())?;
        *behavior = name;
        Ok(())
    }

    fn locked_behavior(&self) -> MutexGuard<'_, String> {
        self.behavior.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the server's address.
    pub(super) async fn backend(&self) -> String {
        self.running.lock().await.setup.upstream.clone()
    }

    /// Has another server from now on. Open connections end.
    pub(super) async fn set_backend(&self, backend: &str) -> Result<(), ProxyError> {
        let mut running = self.running.lock().await;
        if let Some(proxy) = running.proxy.take() {
            proxy.stop().await;
        }
        backend.clone_into(&mut running.setup.upstream);
        running.proxy = Some(Proxy::start(running.setup.clone()).await?);
        Ok(())
    }

    /// Ends the proxy and its connections.
    pub(super) async fn stop(&self) {
        if let Some(proxy) = self.running.lock().await.proxy.take() {
            proxy.stop().await;
        }
    }
}
