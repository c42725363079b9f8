//! One way to a server, directly or through a proxy: its connections, and the samples that were
//! taken on it.

use std::net::SocketAddr;

use anyhow::{Context, Result};

use super::client::Client;
use super::crowd::Crowd;
use super::figures::Figures;
use super::talk::Talk;

/// How many exchanges on one connection are a sample, and how many each one of a crowd makes.
const EXCHANGES: usize = 2_000;
const OF_EACH: usize = 20;

/// A way to a server.
pub(super) struct Route {
    /// What it leads through.
    pub(super) name: &'static str,
    /// What it leads to.
    pub(super) server: &'static str,
    pub(super) crowd: Crowd,
    client: Client,
    samples: Vec<Figures>,
}

impl Route {
    /// Opens its connections, and uses each once.
    pub(super) fn open(
        name: &'static str,
        server: &'static str,
        address: SocketAddr,
        talk: &Talk,
    ) -> Result<Self> {
        let opened = || {
            let mut route = Self {
                name,
                server,
                crowd: Crowd::connect(address, talk)?,
                client: Client::new(address, talk)?,
                samples: Vec::new(),
            };
            route.sample()?;
            anyhow::Ok(route)
        };
        opened().with_context(|| failure(name, server))
    }

    /// Takes a sample of everything.
    pub(super) fn take(&mut self) -> Result<()> {
        let sample = self.sample();
        self.samples
            .push(sample.with_context(|| failure(self.name, self.server))?);
        Ok(())
    }

    fn sample(&mut self) -> Result<Figures> {
        let times = self.client.exchange(EXCHANGES)?;
        let bytes = self.client.fetch()?;
        Ok(Figures::of(&times, bytes, self.crowd.exchange(OF_EACH)?))
    }

    /// Returns the samples, in the order in which they were taken.
    pub(super) fn samples(&self) -> &[Figures] {
        &self.samples
    }
}

fn failure(name: &str, server: &str) -> String {
    format!("cannot measure {server} through {name}")
}
