//! The sockets of a proxy: it listens on an address for each place, and connects to the node for
//! each connection. Reads none of the bytes.

use super::behaviors::{carrier, outcome};
use super::messages::{Place, Start};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use vm_test_faults::exchange::{Carrier, relay};
use vm_test_protocol::proxy::{MOST_EVENTS, ProxyEvent, ProxyReport};

/// How many connections there may be at a time. Others wait.
const MOST_CONNECTIONS: usize = 4_000;

/// How long to wait when a connection cannot be accepted, as for lack of descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// A proxy that listens. Dropping it ends all of its connections.
pub(super) struct Server {
    _runtime: Runtime,
    carrier: Arc<Carrier>,
    ports: Vec<u16>,
    began: SystemTime,
}

impl Server {
    /// Listens on all places.
    ///
    /// # Errors
    /// If the settings are wrong, or it cannot listen.
    pub(super) fn start(start: Start) -> Result<Self, String> {
        let carrier = Arc::new(carrier(start.settings)?);
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        let mut ports = Vec::new();
        let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        for Place { own, of_node, .. } in start.places {
            let listener = runtime.block_on(TcpListener::bind((own, 0)));
            let listener = listener.map_err(|error| format!("it cannot listen: {error}"))?;
            let address = listener.local_addr().map_err(|error| error.to_string())?;
            ports.push(address.port());
            let to = SocketAddr::new(of_node, start.port);
            let (carrier, room) = (Arc::clone(&carrier), Arc::clone(&room));
            runtime.spawn(async move { accept(&listener, to, carrier, room).await });
        }
        Ok(Self {
            _runtime: runtime,
            carrier,
            ports,
            began: SystemTime::now(),
        })
    }

    /// Returns the ports that it listens on.
    pub(super) fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// Returns what it has done so far.
    pub(super) fn report(&self) -> ProxyReport {
        let events = self.carrier.events();
        let events = events.iter().skip(events.len().saturating_sub(MOST_EVENTS));
        ProxyReport {
            connections: self.carrier.connections(),
            exchanges: self.carrier.exchanges(),
            hits: self.carrier.hits(),
            events: events
                .map(|event| ProxyEvent {
                    ordinal: event.ordinal,
                    connection: event.connection,
                    after: event.time.duration_since(self.began).unwrap_or_default(),
                    request: event.request.clone(),
                    behavior: event.behavior.clone(),
                    outcome: outcome(&event.outcome),
                })
                .collect(),
            violations: self.carrier.violations(),
        }
    }
}

/// Accepts connections, and carries each in a task of its own.
async fn accept(
    listener: &TcpListener,
    to: SocketAddr,
    carrier: Arc<Carrier>,
    room: Arc<Semaphore>,
) {
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        match listener.accept().await {
            Ok((client, _)) => {
                let carrier = Arc::clone(&carrier);
                tokio::spawn(async move {
                    // The carrier notes why a connection was given up.
                    let _ = carry(client, to, &carrier).await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Carries a connection. A node that refuses has the client's connection closed.
async fn carry(client: TcpStream, to: SocketAddr, carrier: &Arc<Carrier>) -> io::Result<()> {
    let server = TcpStream::connect(to).await;
    let Ok(server) = server else {
        // As if the node itself had refused: the client is told by a reset.
        return client.set_zero_linger();
    };
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (client, server) = (client.into_split(), server.into_split());
    relay(client, server, carrier)
        .await
        .map_err(io::Error::other)
}
