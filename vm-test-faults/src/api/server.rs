//! The HTTP server of the API: accepts, limits, stops gracefully. It knows no call.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::metrics::Exported;
use super::router::Router;
use crate::address::{resolve, told};
use crate::log::{Level, Log};
use crate::proxy::{Proxies, ProxyError};

/// How many connections are open at once; more wait to be accepted.
const CONNECTIONS: usize = 1000;

/// How long a request's head may take to arrive, and a connection may be idle.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long requests have to end when the server stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long it waits when a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// The server of the API.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Arc<Router>,
}

impl Server {
    /// Begins to listen at `host:port`; without a host, on the loopback address only.
    ///
    /// # Errors
    ///
    /// Returns an error if the address cannot be listened on.
    pub async fn bind(
        address: &str,
        proxies: Arc<Proxies>,
        exported: Exported,
        log: Log,
    ) -> Result<Self, ProxyError> {
        let wanted = resolve(address).await.map_err(ProxyError::Start)?;
        let bound = async {
            let listener = TcpListener::bind(wanted).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let (listener, address) = bound.await.map_err(|error: std::io::Error| {
            ProxyError::Start(format!("listen tcp {wanted}: bind: {}", told(&error)))
        })?;
        Ok(Self {
            listener,
            address,
            router: Arc::new(Router {
                proxies,
                exported,
                log,
            }),
        })
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `stop` is ready; requests that have begun are answered still.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let (farewell, stopping) = watch::channel(());
        let mut connections = JoinSet::new();
        loop {
            let is_full = connections.len() >= CONNECTIONS;
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = self.listener.accept(), if !is_full => match accepted {
                    Ok((stream, _)) => {
                        let router = Arc::clone(&self.router);
                        connections.spawn(answer_all(stream, router, stopping.clone()));
                    }
                    Err(error) => {
                        let log = self.router.log;
                        log.line(Level::Warn, format_args!("api: cannot accept: {error}"));
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        }
        drop(self.listener);
        drop(farewell);
        let ended = async { while connections.join_next().await.is_some() {} };
        // What has not ended by then is cut off as the set is dropped.
        let _ = tokio::time::timeout(FAREWELL, ended).await;
    }
}

async fn answer_all(stream: TcpStream, router: Arc<Router>, mut stopping: watch::Receiver<()>) {
    let service = service_fn(|request| router.answer(request));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        // A client that sends no more still waits for its reply.
        .half_close(true);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        let text = format_args!("api: a connection failed: {error}");
        router.log.line(Level::Debug, text);
    }
}
