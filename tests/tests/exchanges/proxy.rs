//! The proxy under test, in this process: between a client and a server it reads the protocol and
//! obeys rules; around it, all bytes can be cut into pieces of one.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::runtime::Runtime;
use vm_test_faults::behavior::{Behavior, Dummy, Error, ErrorOptions};
use vm_test_faults::exchange::{Carrier, Rule, relay};
use vm_test_faults::protocol::{Fault, Protocol};
use vm_test_faults::proxy::{Proxy, Setup};
use vm_test_faults::toxic::{Direction, Kind, Toxic};

/// A proxy that runs until this is dropped.
pub(crate) struct FaultProxy {
    pub(crate) carrier: Arc<Carrier>,
    runtime: Runtime,
    /// Cut the bytes on the server's side.
    slicers: Vec<Proxy>,
    upstream: SocketAddr,
}

/// How the bytes of a connection come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pieces {
    /// As they are sent.
    Unchanged,
    /// One by one, in both directions, before they are understood.
    Single,
}

/// Returns rules that change nothing, and count.
pub(crate) fn dummy() -> Vec<Rule> {
    vec![Rule::new(Arc::new(Dummy) as Arc<dyn Behavior>)]
}

/// Returns the loopback address with this port.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Returns the behavior that answers with this error.
pub(crate) fn error(code: &str, text: Option<&str>) -> Arc<dyn Behavior> {
    let fault = Fault {
        code: code.to_owned(),
        text: text.map(str::to_owned),
    };
    Arc::new(Error::new(ErrorOptions {
        fault: Some(fault),
        ..ErrorOptions::default()
    }))
}

impl FaultProxy {
    /// Makes a proxy to the server on this port; it does not listen yet.
    pub(crate) fn new(protocol: impl Protocol, rules: Vec<Rule>, server: u16) -> Self {
        Self {
            carrier: Arc::new(Carrier::new(Arc::new(protocol), rules).unwrap()),
            runtime: Runtime::new().unwrap(),
            slicers: Vec::new(),
            upstream: loopback(server),
        }
    }

    /// Makes a proxy that listens on a free port; returns which.
    pub(crate) fn start(
        protocol: impl Protocol,
        rules: Vec<Rule>,
        server: u16,
        pieces: Pieces,
    ) -> (Self, u16) {
        let mut proxy = Self::new(protocol, rules, server);
        let port = match pieces {
            Pieces::Unchanged => proxy.listen(0),
            Pieces::Single => {
                proxy.slice_to_server();
                proxy.listen_sliced(0)
            }
        };
        (proxy, port)
    }

    /// Listens on this port of the loopback address, or on a free one; returns which.
    pub(crate) fn listen(&self, port: u16) -> u16 {
        let listener = self
            .runtime
            .block_on(TcpListener::bind(loopback(port)))
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let (carrier, upstream) = (Arc::clone(&self.carrier), self.upstream);
        self.runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let carrier = Arc::clone(&carrier);
                let _ = client.set_nodelay(true);
                tokio::spawn(async move {
                    let server = TcpStream::connect(upstream).await.unwrap();
                    let _ = server.set_nodelay(true);
                    // How a connection ends is what the client sees, or a violation.
                    let _ = relay(client.into_split(), server.into_split(), &carrier).await;
                });
            }
        });
        port
    }

    /// Listens on a socket in the file system.
    pub(crate) fn listen_at(&self, path: &Path) {
        let _context = self.runtime.enter();
        let listener = UnixListener::bind(path).unwrap();
        let (carrier, upstream) = (Arc::clone(&self.carrier), self.upstream);
        self.runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let carrier = Arc::clone(&carrier);
                tokio::spawn(async move {
                    let server = TcpStream::connect(upstream).await.unwrap();
                    let _ = server.set_nodelay(true);
                    let _ = relay(client.into_split(), server.into_split(), &carrier).await;
                });
            }
        });
    }

    /// Cuts all bytes between this proxy and the server, in both directions, into pieces of one
    /// byte. For listeners that come later.
    pub(crate) fn slice_to_server(&mut self) {
        let slicer = self.slicer(0, self.upstream);
        self.upstream = slicer.address();
        self.slicers.push(slicer);
    }

    /// Listens on this port or on a free one, returns which, and cuts all bytes between clients and
    /// this proxy, in both directions, into pieces of one byte.
    pub(crate) fn listen_sliced(&mut self, port: u16) -> u16 {
        let own = self.listen(0);
        let slicer = self.slicer(port, loopback(own));
        let port = slicer.address().port();
        self.slicers.push(slicer);
        port
    }

    /// Returns the violations of the protocol so far, which no real client or server commits.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.carrier.violations()
    }

    /// Waits until so many exchanges were hit.
    pub(crate) fn wait_for_hits(&self, hits: u64) {
        let began = Instant::now();
        while self.carrier.hits() != hits {
            let found = self.carrier.hits();
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "{found} of {hits} hits"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn slicer(&self, port: u16, upstream: SocketAddr) -> Proxy {
        let setup = Setup::new(loopback(port).to_string(), upstream.to_string());
        let kind = Kind::Slicer {
            average_size: 1,
            size_variation: 0,
            delay: 0,
        };
        for direction in [Direction::Upstream, Direction::Downstream] {
            setup
                .toxics
                .add(Toxic::new(kind.clone(), direction))
                .unwrap();
        }
        self.runtime.block_on(Proxy::start(setup)).unwrap()
    }
}
