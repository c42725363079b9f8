//! Counters for statsd, as datagrams. They get lost if nobody listens, and nobody waits for them.

use std::collections::HashMap;
use std::io;
use std::net::UdpSocket;
use std::sync::{Mutex, PoisonError};

use crate::exchange::Moment;
use crate::random;

/// Where counters go, and how they are named.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StatsdOptions {
    pub(super) address: (String, u16),
    pub(super) prefix: String,
    /// The share of counters that is sent, from 0 to 1.
    pub(super) sample_rate: f64,
}

/// Sends counters.
#[derive(Debug)]
pub(super) struct Statsd {
    socket: UdpSocket,
    options: StatsdOptions,
    protocol: &'static str,
    /// The names of open connections.
    names: Mutex<HashMap<u64, String>>,
}

impl Statsd {
    pub(super) fn new(options: StatsdOptions, protocol: &'static str) -> io::Result<Self> {
        let (host, port) = (options.address.0.as_str(), options.address.1);
        let any = if host.contains(':') {
            "[::]:0"
        } else {
            "0.0.0.0:0"
        };
        let socket = UdpSocket::bind(any)?;
        socket.connect((host, port))?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            options,
            protocol,
            names: Mutex::default(),
        })
    }

    /// Counts what happened on a connection.
    pub(super) fn count(&self, connection: u64, moment: Moment) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let name = match moment {
            Moment::Ended => names.remove(&connection).unwrap_or_default(),
            _ => names.entry(connection).or_insert_with(new_name).clone(),
        };
        drop(names);
        let what = match moment {
            Moment::Started => "start",
            Moment::Request => "to_backend",
            Moment::Reply => "to_client",
            Moment::Ended => "end",
        };
        let rate = self.options.sample_rate;
        let sampled = if rate < 1.0 {
            if random::fraction(fastrand::u64(..)) >= rate {
                return;
            }
            format!("|@{rate}")
        } else {
            String::new()
        };
        let prefix = &self.options.prefix;
        let protocol = self.protocol;
        let line = format!("{prefix}.{protocol}.{name}.{what}:1|c{sampled}");
        // A counter that cannot be sent is lost, as any datagram may be.
        let _ = self.socket.send(line.as_bytes());
    }
}

/// Returns a random UUID.
fn new_name() -> String {
    let (high, low) = (fastrand::u64(..), fastrand::u64(..));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        0x8000 | low >> 48 & 0x3fff,
        low & 0xffff_ffff_ffff
    )
}
