//! The proxies that have names, and what can be done to them by name. It knows no HTTP.

use std::collections::BTreeMap;

use tokio::sync::Mutex;

use super::entry::{Described, Entry, Update, Wanted};
use super::error::ProxyError;
use super::setup::Setup;
use crate::log::Log;
use crate::seed::Seed;
use crate::toxic::Toxics;

/// Named proxies. They end when this is dropped.
#[derive(Debug)]
pub struct Proxies {
    seed: Seed,
    log: Log,
    entries: Mutex<BTreeMap<String, Entry>>,
}

impl Proxies {
    /// Returns an empty register.
    pub fn new(seed: Seed, log: Log) -> Self {
        Self {
            seed,
            log,
            entries: Mutex::default(),
        }
    }

    /// Returns all proxies, by name.
    pub async fn all(&self) -> Vec<Described> {
        let entries = self.entries.lock().await;
        entries.values().map(Entry::described).collect()
    }

    /// Returns the proxy of this name.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none.
    pub async fn get(&self, name: &str) -> Result<Described, ProxyError> {
        let entries = self.entries.lock().await;
        let entry = entries.get(name).ok_or(ProxyError::NotFound)?;
        Ok(entry.described())
    }

    /// Returns the toxics of the proxy of this name; changes to them act at once.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none.
    pub async fn toxics(&self, name: &str) -> Result<Toxics, ProxyError> {
        let entries = self.entries.lock().await;
        let entry = entries.get(name).ok_or(ProxyError::NotFound)?;
        Ok(entry.setup.toxics.clone())
    }

    /// Adds a proxy, and starts it if it is to be enabled.
    ///
    /// # Errors
    ///
    /// Returns an error if there is one of this name, or if it cannot listen; then it is not added.
    pub async fn create(&self, wanted: Wanted) -> Result<Described, ProxyError> {
        let mut entries = self.entries.lock().await;
        if entries.contains_key(&wanted.name) {
            return Err(ProxyError::AlreadyExists);
        }
        let entry = self.made(wanted).await?;
        let described = entry.described();
        entries.insert(described.name.clone(), entry);
        Ok(described)
    }

    /// Changes the proxy of this name.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none, or if it cannot listen as asked; then it is disabled.
    pub async fn update(&self, name: &str, update: Update) -> Result<Described, ProxyError> {
        let mut entries = self.entries.lock().await;
        let entry = entries.get_mut(name).ok_or(ProxyError::NotFound)?;
        entry.update(update).await?;
        Ok(entry.described())
    }

    /// Stops and removes the proxy of this name.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none.
    pub async fn remove(&self, name: &str) -> Result<(), ProxyError> {
        let mut entries = self.entries.lock().await;
        let mut entry = entries.remove(name).ok_or(ProxyError::NotFound)?;
        entry.stop().await;
        Ok(())
    }

    /// Adds proxies, or replaces those of the same names.
    ///
    /// One that has the same addresses already stays as it is, with its toxics.
    ///
    /// # Errors
    ///
    /// Returns the proxies up to the first one that cannot listen, and its error.
    pub async fn populate(
        &self,
        wanted: Vec<Wanted>,
    ) -> Result<Vec<Described>, (Vec<Described>, ProxyError)> {
        let mut entries = self.entries.lock().await;
        let mut done = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            match self.replaced(&mut entries, wanted).await {
                Ok(described) => done.push(described),
                Err(error) => return Err((done, error)),
            }
        }
        Ok(done)
    }

    /// Enables all proxies and removes all toxics.
    ///
    /// # Errors
    ///
    /// Returns the error of the first proxy that cannot listen; those behind it stay as they were.
    pub async fn reset(&self) -> Result<(), ProxyError> {
        let mut entries = self.entries.lock().await;
        for entry in entries.values_mut() {
            entry.start().await?;
            entry.setup.toxics.reset();
        }
        Ok(())
    }

    /// Stops and removes all proxies.
    pub async fn clear(&self) {
        let mut entries = self.entries.lock().await;
        while let Some((_, mut entry)) = entries.pop_first() {
            entry.stop().await;
        }
    }

    async fn replaced(
        &self,
        entries: &mut BTreeMap<String, Entry>,
        wanted: Wanted,
    ) -> Result<Described, ProxyError> {
        if let Some(existing) = entries.get_mut(&wanted.name) {
            if !existing.differs(&wanted.listen, &wanted.upstream).await? {
                return Ok(existing.described());
            }
            existing.stop().await;
        }
        let entry = self.made(wanted).await?;
        let described = entry.described();
        entries.insert(described.name.clone(), entry);
        Ok(described)
    }

    async fn made(&self, wanted: Wanted) -> Result<Entry, ProxyError> {
        let mut entry = Entry::new(Setup {
            name: wanted.name,
            seed: self.seed,
            log: self.log,
            ..Setup::new(wanted.listen, wanted.upstream)
        });
        if wanted.enabled {
            entry.start().await?;
        }
        Ok(entry)
    }
}
