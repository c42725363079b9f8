//! The servers: started on the addresses that a test wants, and ended with it.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take to listen.
const LIMIT: Duration = Duration::from_secs(30);

/// A server that runs until this is dropped.
pub(crate) struct Server(Child);

impl Server {
    /// Starts redis on this port, without files.
    pub(crate) fn redis(port: u16) -> Self {
        let mut redis = Command::new("redis-server");
        redis.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
        redis.args(["--save", "", "--appendonly", "no", "--dir", "/tmp"]);
        Self::start(redis, Some(port))
    }

    /// Starts memcached on this port.
    pub(crate) fn memcached(port: u16) -> Self {
        let mut memcached = memcached();
        memcached.args(["-p", &port.to_string(), "-l", "127.0.0.1"]);
        Self::start(memcached, Some(port))
    }

    /// Starts memcached on this port of UDP.
    pub(crate) fn memcached_on_udp(port: u16) -> Self {
        let mut memcached = memcached();
        memcached.args(["-p", "0", "-U", &port.to_string(), "-l", "127.0.0.1"]);
        Self::start(memcached, None)
    }

    /// Starts memcached with TLS on this port, with the key and certificate in `assets`.
    pub(crate) fn memcached_with_tls(port: u16, assets: &Path) -> Self {
        let key = assets.join("localhost.key");
        let certificate = assets.join("localhost.crt");
        let (key, certificate) = (key.display(), certificate.display());
        let mut memcached = memcached();
        memcached.args(["-p", &port.to_string(), "-l", "127.0.0.1", "--enable-ssl"]);
        memcached.args(["-o", &format!("ssl_key={key},ssl_chain_cert={certificate}")]);
        Self::start(memcached, Some(port))
    }

    /// Starts memcached on this socket in the file system.
    pub(crate) fn memcached_at(path: &str) -> Self {
        let mut memcached = memcached();
        memcached.args(["-s", path]);
        Self::start(memcached, None)
    }

    fn start(mut command: Command, port: Option<u16>) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let server = Self(child.unwrap_or_else(|error| panic!("{command:?}: {error}")));
        let began = Instant::now();
        let listens = |port| TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).is_ok();
        match port {
            Some(port) => {
                while !listens(port) {
                    assert!(began.elapsed() < LIMIT, "{command:?} does not listen");
                    sleep(Duration::from_millis(10));
                }
            }
            None => sleep(Duration::from_millis(500)),
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn memcached() -> Command {
    // As root, even that of a user namespace, it would drop groups, which is not allowed there.
    let mut memcached = Command::new("unshare");
    memcached.args([
        "--user",
        "--map-user=1000",
        "memcached",
        "-U",
        "0",
        "-t",
        "1",
    ]);
    memcached
}
