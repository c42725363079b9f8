//! A running proxy: it listens, and ends all that it began when it is stopped or dropped. What
//! happens to bytes is decided elsewhere.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::connection::carry;
use super::error::ProxyError;
use super::setup::Setup;
use super::traffic::Traffic;
use crate::address::{resolve, told};
use crate::log::Level;
use crate::toxic::Toxics;

/// How many connections may wait to be accepted; the kernel may allow fewer.
const BACKLOG: u32 = 4096;

/// How long it waits when a connection could not be accepted, usually for want of descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// A proxy that runs.
///
/// When it is dropped, it stops to listen and its connections end, soon. [`stop`](Self::stop)
/// returns when that is done.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    setup: Arc<Setup>,
    /// Dropping it stops the task.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Begins to listen.
    ///
    /// # Errors
    ///
    /// Returns an error if the address cannot be listened on, in Toxiproxy's words.
    pub async fn start(setup: Setup) -> Result<Self, ProxyError> {
        let wanted = resolve(&setup.listen).await;
        let wanted = wanted.map_err(|why| ProxyError::Start(format!("listen tcp: {why}")))?;
        let listener = bind(wanted).map_err(|error| {
            ProxyError::Start(format!("listen tcp {wanted}: bind: {}", told(&error)))
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| ProxyError::Start(format!("listen tcp {wanted}: {}", told(&error))))?;
        let setup = Arc::new(setup);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, Arc::clone(&setup), stopped));
        let upstream = &setup.upstream;
        setup.tell(Level::Info, format_args!("{address} leads to {upstream:?}"));
        Ok(Self {
            address,
            setup,
            stop,
            task,
        })
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the toxics on its connections.
    pub fn toxics(&self) -> &Toxics {
        &self.setup.toxics
    }

    /// Returns what it has counted.
    pub fn traffic(&self) -> &Traffic {
        &self.setup.traffic
    }

    /// Stops to listen and ends all connections.
    pub async fn stop(self) {
        drop(self.stop);
        // If its runtime is shut down, it has ended all the same.
        let _ = self.task.await;
        self.setup.tell(Level::Info, format_args!("stopped"));
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A port is free again as soon as its last listener has closed.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts connections until it is told to stop.
async fn serve(listener: TcpListener, setup: Arc<Setup>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                if let Err(error) = ended {
                    setup.tell(Level::Error, format_args!("a connection failed: {error}"));
                }
            }
            accepted = listener.accept() => match accepted {
                Ok((client, peer)) => {
                    connections.spawn(serve_one(client, peer, Arc::clone(&setup)));
                }
                Err(error) => {
                    setup.tell(Level::Warn, format_args!("cannot accept: {error}"));
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn serve_one(client: TcpStream, peer: SocketAddr, setup: Arc<Setup>) {
    let traffic = &setup.traffic;
    let _open = Open::new(traffic);
    let number = traffic.accepted.fetch_add(1, Ordering::Relaxed);
    setup.tell(Level::Info, format_args!("accepted {peer}"));
    carry(client, peer, &setup, number).await;
}

/// Counts a connection as open until it is dropped.
struct Open<'a>(&'a Traffic);

impl<'a> Open<'a> {
    fn new(traffic: &'a Traffic) -> Self {
        traffic.open.fetch_add(1, Ordering::Relaxed);
        Self(traffic)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
