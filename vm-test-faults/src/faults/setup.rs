//! From the name of a server to a proxy before it: what a test writes down.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::engine::Engine;
use super::error::FaultsError;
use super::handle::FaultProxy;
use super::plan::Plan;
use crate::behavior::Behavior;
use crate::exchange::Carrier;
use crate::protocol::Protocol;
use crate::protocol::http::Http;
use crate::protocol::memcache::Memcache;
use crate::protocol::mysql::Mysql;
use crate::protocol::redis::Redis;
use crate::protocol::smtp::Smtp;
use crate::protocol::tcp::Tcp;
use crate::proxy::{Proxy, Setup};
use crate::seed::Seed;
use crate::toxic::{Direction, Kind, Toxic, Toxics};

/// Where proxies for tests come from.
///
/// ```no_run
/// use vm_test_faults::faults::Faults;
///
/// # fn main() -> Result<(), vm_test_faults::faults::FaultsError> {
/// let faults = Faults::new()?;
/// let web = faults.http("web:80").error("503").percent(20).seed(7).start()?;
/// // What is tested talks to `web.address()`.
/// assert_eq!(web.hits(), 0);
/// # Ok(())
/// # }
/// ```
///
/// Its proxies live on threads of their own, so that a test may be async or not. They outlive this
/// value if they have to.
#[derive(Clone, Debug)]
pub struct Faults {
    engine: Arc<Engine>,
}

/// A proxy that is not started yet.
#[must_use = "it starts with `start`"]
pub struct FaultSetup {
    engine: Arc<Engine>,
    protocol: Arc<dyn Protocol>,
    upstream: String,
    listen: String,
    plan: Plan,
    seed: Option<u64>,
    toxics: Vec<Toxic>,
}

impl Faults {
    /// Starts the threads of proxies.
    ///
    /// # Errors
    ///
    /// Returns an error if the system has no more threads.
    pub fn new() -> Result<Self, FaultsError> {
        let engine = Engine::start().map_err(FaultsError::Threads)?;
        Ok(Self {
            engine: Arc::new(engine),
        })
    }

    /// Sets up a proxy before a server, `host:port`, of no protocol above TCP.
    pub fn tcp(&self, upstream: impl Into<String>) -> FaultSetup {
        self.protocol(upstream, Tcp::new())
    }

    /// Sets up a proxy before a server of HTTP, `host:port`.
    pub fn http(&self, upstream: impl Into<String>) -> FaultSetup {
        self.protocol(upstream, Http::new())
    }

    /// Sets up a proxy before memcached, `host:port`.
    pub fn memcache(&self, upstream: impl Into<String>) -> FaultSetup {
        self.protocol(upstream, Memcache::new())
    }

    /// Sets up a proxy before MySQL or MariaDB, `host:port`, without TLS.
    pub fn mysql(&self, upstream: impl Into<String>) -> FaultSetup {
        self.protocol(upstream, Mysql::new())
    }

    /// Sets up a proxy before redis, `host:port`.
    pub fn redis(&self, upstream: impl Into<String>) -> FaultSetup {
        self.protocol(upstream, Redis::new())
    }

    /// Sets up a proxy before a mail server, `host:port`, without TLS.
    pub fn smtp(&self, upstream: impl Into<String>) -> FaultSetup {
        self.protocol(upstream, Smtp::new())
    }

    /// Sets up a proxy before a server of this protocol, which may be one's own.
    pub fn protocol(&self, upstream: impl Into<String>, protocol: impl Protocol) -> FaultSetup {
        FaultSetup {
            engine: Arc::clone(&self.engine),
            protocol: Arc::new(protocol),
            upstream: upstream.into(),
            listen: "127.0.0.1:0".to_owned(),
            plan: Plan::new(),
            seed: None,
            toxics: Vec::new(),
        }
    }
}

/// Methods of [`Plan`] for a proxy that is set up.
macro_rules! of_plan {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*);)*) => {
        $(
            $(#[$doc])*
            pub fn $name(mut self, $($argument: $type),*) -> Self {
                self.plan = self.plan.$name($($argument),*);
                self
            }
        )*
    };
}

impl FaultSetup {
    of_plan! {
        /// See [`Plan::error`].
        error(code: impl Into<String>);
        /// See [`Plan::error_with_text`].
        error_with_text(code: impl Into<String>, text: impl Into<String>);
        /// See [`Plan::any_error`].
        any_error();
        /// See [`Plan::transient`].
        transient(code: impl Into<String>, count: u64);
        /// See [`Plan::delay`].
        delay(sleep: Duration);
        /// See [`Plan::delay_reply`].
        delay_reply(sleep: Duration);
        /// See [`Plan::hang`].
        hang();
        /// See [`Plan::blackout`].
        blackout();
        /// See [`Plan::abort`].
        abort();
        /// See [`Plan::dummy`].
        dummy();
        /// See [`Plan::behavior`].
        behavior(behavior: impl Behavior);
        /// See [`Plan::percent`].
        percent(percent: impl Into<f64>);
        /// See [`Plan::on`].
        on(name: impl Into<String>);
        /// See [`Plan::first`].
        first(count: u64);
        /// See [`Plan::every`].
        every(step: u64);
        /// See [`Plan::only`].
        only(number: u64);
    }

    /// Has the faults of this plan instead of those named before.
    pub fn plan(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }

    /// Chooses what belongs to this seed, for faults and toxics.
    pub fn seed(mut self, seed: u64) -> Self {
        self.plan = self.plan.seed(seed);
        self.seed = Some(seed);
        self
    }

    /// Adds a toxic of Toxiproxy to its connections.
    pub fn toxic(mut self, kind: Kind, direction: Direction) -> Self {
        self.toxics.push(Toxic::new(kind, direction));
        self
    }

    /// Listens at this address, `host:port`, instead of a free port of 127.0.0.1.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// Starts the proxy. It ends when the value is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if the protocol does not know an error that was asked for, if a condition
    /// makes no sense, or if it cannot listen.
    pub fn start(self) -> Result<FaultProxy, FaultsError> {
        let upstream = self.upstream;
        let mistake = |mistake| FaultsError::Mistake {
            upstream: upstream.clone(),
            mistake,
        };
        check_address(&upstream).map_err(mistake)?;
        let rules = self.plan.rules().map_err(mistake)?;
        let carrier = Carrier::new(self.protocol, rules);
        let carrier = Arc::new(carrier.map_err(|source| FaultsError::Unsupported {
            upstream: upstream.clone(),
            source,
        })?);
        let toxics = Toxics::new();
        for toxic in self.toxics {
            let added = toxics.add(toxic);
            added.map_err(|error| mistake(error.to_string()))?;
        }
        let setup = Setup {
            name: upstream.clone(),
            toxics: toxics.clone(),
            carrier: Some(Arc::clone(&carrier)),
            seed: self.seed.map_or_else(Seed::random, Seed),
            ..Setup::new(self.listen, upstream.clone())
        };
        let proxy = self.engine.run(Proxy::start(setup));
        let proxy = proxy.ok_or(FaultsError::Ended)?;
        let proxy = proxy.map_err(|source| FaultsError::Start {
            upstream: upstream.clone(),
            source,
        })?;
        Ok(FaultProxy {
            engine: self.engine,
            carrier,
            upstream,
            address: proxy.address(),
            proxy: Some(proxy),
            toxics,
        })
    }

    /// Runs `body` with the proxy, which ends behind it.
    ///
    /// # Errors
    ///
    /// Returns an error as [`start`](Self::start) does; then `body` does not run.
    pub fn with<R>(self, body: impl FnOnce(&FaultProxy) -> R) -> Result<R, FaultsError> {
        let proxy = self.start()?;
        Ok(body(&proxy))
    }
}

impl fmt::Debug for FaultSetup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FaultSetup")
            .field("protocol", &self.protocol.name())
            .field("upstream", &self.upstream)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

/// Finds an address that no connection could be made to.
fn check_address(upstream: &str) -> Result<(), String> {
    let port = upstream
        .rsplit_once(':')
        .map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(port)) if port != 0 => Ok(()),
        _ => Err(format!(
            "{upstream:?} has no port\nhint: a server is host:port, as in db:6379"
        )),
    }
}
