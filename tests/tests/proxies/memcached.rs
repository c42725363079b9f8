//! A real server for crowds: memcached, on a free port of the loopback address. Knows no proxy.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::server::LIMIT;

/// A memcached that ends when this is dropped.
pub(crate) struct Memcached {
    server: Child,
    pub(crate) address: SocketAddr,
}

impl Memcached {
    /// Starts one that takes so many connections.
    pub(crate) fn start(connections: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut server = Command::new("setpriv");
        // It ends with the test, however that ends.
        server.args(["--pdeathsig", "KILL", "memcached", "-u", "nobody"]);
        server.args(["-l", "127.0.0.1", "-p", &address.port().to_string()]);
        server.args(["-c", &connections.to_string(), "-b", "4096"]);
        let server = server.stdin(Stdio::null()).spawn().unwrap();
        let mut memcached = Self { server, address };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = memcached.server.try_wait().unwrap();
            assert!(ended.is_none() && begin.elapsed() < LIMIT, "{ended:?}");
            thread::sleep(Duration::from_millis(20));
        }
        memcached
    }
}

impl Drop for Memcached {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
