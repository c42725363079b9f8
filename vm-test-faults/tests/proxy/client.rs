//! A plain HTTP client, and an API server that runs in this process. They expect nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use vm_test_faults::api::{Exported, Server};
use vm_test_faults::proxy::Proxies;
use vm_test_faults::{Log, Seed};

/// A reply to a request.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// Returns the value of a header; its name is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }
}

/// An API server; dropped, it stops.
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    _stop: oneshot::Sender<()>,
    _runtime: tokio::runtime::Runtime,
}

impl Api {
    pub(crate) fn start(exported: Exported) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let address = runtime.block_on(async {
            let log = Log::silent();
            let proxies = Arc::new(Proxies::new(Seed(1), log));
            let server = Server::bind("localhost:0", proxies, exported, log);
            let server = server.await.unwrap();
            let address = server.address();
            tokio::spawn(server.serve(async {
                let _ = stopped.await;
            }));
            address
        });
        Self {
            address,
            _stop: stop,
            _runtime: runtime,
        }
    }

    pub(crate) fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        call(self.address, method, path, body, "test")
    }

    /// Makes a call that must succeed.
    pub(crate) fn must(&self, method: &str, path: &str, body: &str) -> Reply {
        let reply = self.call(method, path, body);
        assert!(
            (200..300).contains(&reply.status),
            "{method} {path}: {reply:?}"
        );
        reply
    }

    /// Adds a proxy, and returns where it listens.
    pub(crate) fn proxy(&self, name: &str, upstream: SocketAddr) -> SocketAddr {
        let body = format!("{{\"name\":\"{name}\",\"upstream\":\"{upstream}\"}}");
        let reply = self.must("POST", "/proxies", &body).json();
        reply["listen"].as_str().unwrap().parse().unwrap()
    }
}

/// Makes one request on a connection of its own.
pub(crate) fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
    agent: &str,
) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {agent}\r\n\
         Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
