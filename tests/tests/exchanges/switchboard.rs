//! Proxies on request, for clients whose servers choose their ports while a test runs: a client
//! writes the port of a server, and reads the port of the proxy that leads there.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use vm_test_faults::protocol::smtp::Smtp;

use crate::proxy::{FaultProxy, Pieces, dummy};

/// The proxies and their ports, by the port of their server.
type Proxies = HashMap<u16, (FaultProxy, u16)>;

/// A running switchboard. Its proxies change nothing.
pub(crate) struct Switchboard {
    pub(crate) port: u16,
    proxies: Arc<Mutex<Proxies>>,
}

impl Switchboard {
    /// Returns how many exchanges went through all proxies.
    pub(crate) fn exchanges(&self) -> u64 {
        let proxies = self.proxies.lock().unwrap();
        let carriers = proxies.values().map(|(proxy, _)| &proxy.carrier);
        carriers.map(|carrier| carrier.exchanges()).sum()
    }
}

pub(crate) fn start(smtp: Smtp, pieces: Pieces) -> Switchboard {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxies = Arc::new(Mutex::new(Proxies::new()));
    let shared = Arc::clone(&proxies);
    thread::spawn(move || {
        for client in listener.incoming() {
            // A client that fails has a test that says so.
            let _ = answer(client.unwrap(), smtp, pieces, shared.lock().unwrap());
        }
    });
    Switchboard { port, proxies }
}

fn answer(
    mut client: TcpStream,
    smtp: Smtp,
    pieces: Pieces,
    mut proxies: MutexGuard<'_, Proxies>,
) -> std::io::Result<()> {
    let mut line = String::new();
    BufReader::new(&client).read_line(&mut line)?;
    let server: u16 = line.trim().parse().map_err(std::io::Error::other)?;
    let (_, port) = proxies
        .entry(server)
        .or_insert_with(|| FaultProxy::start(smtp, dummy(), server, pieces));
    writeln!(client, "{port}")
}
