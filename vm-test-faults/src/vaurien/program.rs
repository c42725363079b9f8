//! The proxy as Vaurien runs it: started from options, changed by its API, ended by a signal.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use super::api;
use super::control::Control;
use super::options::Options;
use super::statsd::Statsd;
use crate::descriptors;
use crate::exchange::Carrier;
use crate::log::{Level, Log};
use crate::protocol::{PROTOCOLS, protocol_named};
use crate::proxy::{ProxyError, Setup};
use crate::seed::Seed;

/// Why it cannot run.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// An option makes no sense.
    #[error("cannot use {option}: {cause}")]
    Option {
        /// Which option.
        option: &'static str,
        /// What is wrong.
        cause: String,
    },
    /// The proxy cannot listen.
    #[error("cannot start the proxy: {0}")]
    Proxy(#[source] ProxyError),
    /// The API cannot listen.
    #[error(
        "cannot listen at {address}: {source}\nhint: choose another address by --http-host and \
             --http-port"
    )]
    Api {
        /// Where.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// The system does not give what it needs.
    #[error("cannot run: {0}")]
    System(#[source] io::Error),
}

/// A running proxy with its API. It ends when it is dropped, soon; [`stop`](Self::stop) returns
/// when it has ended.
#[derive(Debug)]
pub struct Program {
    control: Arc<Control>,
    carrier: Arc<Carrier>,
    api: Option<(SocketAddr, JoinHandle<()>)>,
}

impl Program {
    /// Starts the proxy.
    ///
    /// # Errors
    ///
    /// Returns an error if an option makes no sense, or if it cannot listen.
    pub async fn start(options: Options, log: Log) -> Result<Self, ProgramError> {
        let wrong = |option| move |cause| ProgramError::Option { option, cause };
        let protocol = protocol_named(&options.protocol).ok_or_else(|| {
            let known = PROTOCOLS.join(", ");
            let cause = format!(
                "there is no {:?}\nhint: it is one of {known}",
                options.protocol
            );
            wrong("protocol")(cause)
        })?;
        let name = protocol.name();
        let carrier = Carrier::new(protocol, Vec::new());
        let carrier = Arc::new(carrier.map_err(|error| wrong("protocol")(error.to_string()))?);
        if options.statsd_enabled {
            let statsd = Statsd::new(options.statsd, name).map_err(ProgramError::System)?;
            carrier.watch(move |connection, moment| statsd.count(connection, moment));
        }
        for key in &options.without_effect {
            log.line(
                Level::Warn,
                format_args!("{key} has no effect in this proxy"),
            );
        }
        let seed = options.seed.map_or_else(Seed::random, Seed);
        let setup = Setup {
            name: "vaurien".to_owned(),
            carrier: Some(Arc::clone(&carrier)),
            seed,
            log,
            ..Setup::new(options.proxy, options.backend)
        };
        let settings = options.settings;
        let started = Control::start(setup, Arc::clone(&carrier), settings).await;
        let control = Arc::new(started.map_err(ProgramError::Proxy)?);
        let set = control.set_percentages(&options.behavior);
        set.map_err(wrong("behavior"))?;
        let api = if options.http {
            Some(start_api(&options.http_host, options.http_port, &control).await?)
        } else {
            None
        };
        log.line(Level::Info, format_args!("seed {}", seed.0));
        if let Some((address, _)) = &api {
            log.line(
                Level::Info,
                format_args!("Started the HTTP server: http://{address}"),
            );
        }
        Ok(Self {
            control,
            carrier,
            api,
        })
    }

    /// Returns where clients connect to.
    pub async fn address(&self) -> String {
        self.control.address().await
    }

    /// Returns where the API listens, if there is one.
    #[must_use]
    pub fn api_address(&self) -> Option<SocketAddr> {
        self.api.as_ref().map(|(address, _)| *address)
    }

    /// Returns what the proxy carries.
    #[must_use]
    pub fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    /// Ends the proxy, its connections and its API.
    pub async fn stop(mut self) {
        if let Some((_, task)) = self.api.take() {
            task.abort();
            // Aborted is what it is to be.
            let _ = task.await;
        }
        self.control.stop().await;
    }

    /// Runs the proxy until SIGINT or SIGTERM comes.
    ///
    /// # Errors
    ///
    /// Returns an error as [`start`](Self::start) does.
    pub fn run(options: Options, log: Log) -> Result<(), ProgramError> {
        descriptors::raise_limit();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(ProgramError::System)?;
        runtime.block_on(async {
            let interrupt = signal(SignalKind::interrupt());
            let mut interrupt = interrupt.map_err(ProgramError::System)?;
            let terminate = signal(SignalKind::terminate());
            let mut terminate = terminate.map_err(ProgramError::System)?;
            let program = Self::start(options, log).await?;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            program.stop().await;
            log.line(Level::Info, format_args!("Bye!"));
            Ok(())
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some((_, task)) = &self.api {
            task.abort();
        }
    }
}

async fn start_api(
    host: &str,
    port: u16,
    control: &Arc<Control>,
) -> Result<(SocketAddr, JoinHandle<()>), ProgramError> {
    let bound = async {
        let listener = api::bind(host, port).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    let (listener, address) = bound.await.map_err(|source| ProgramError::Api {
        address: format!("{host}:{port}"),
        source,
    })?;
    let task = tokio::spawn(api::serve(listener, Arc::clone(control)));
    Ok((address, task))
}
