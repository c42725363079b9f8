//! One client with one connection: how long an exchange takes, and how fast much comes. It waits
//! for nothing but its own replies.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::talk::{SMALL, Talk};

/// How long a reply may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// How much is read at once of a large reply.
const PIECE: usize = 1 << 18;

/// Connects; what is sent is sent at once, and what does not come is an error.
pub(super) fn connect(address: SocketAddr) -> Result<TcpStream> {
    let connected = TcpStream::connect_timeout(&address, PATIENCE);
    let stream = connected.with_context(|| format!("cannot connect to {address}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// A connection, and what is said on it.
pub(super) struct Client {
    stream: TcpStream,
    talk: Talk,
    buffer: Vec<u8>,
}

impl Client {
    pub(super) fn new(address: SocketAddr, talk: &Talk) -> Result<Self> {
        Ok(Self {
            stream: connect(address)?,
            talk: talk.clone(),
            buffer: vec![0; PIECE],
        })
    }

    /// Makes so many exchanges, one after the other; returns how long each has taken.
    pub(super) fn exchange(&mut self, times: usize) -> Result<Vec<Duration>> {
        let mut taken = Vec::with_capacity(times);
        let mut reply = [0; SMALL];
        for _ in 0..times {
            let began = Instant::now();
            self.stream.write_all(&self.talk.request)?;
            self.stream
                .read_exact(&mut reply)
                .context("cannot read a reply")?;
            taken.push(began.elapsed());
            if reply[..] != self.talk.reply {
                bail!("cannot measure: a reply is not the right one");
            }
        }
        Ok(taken)
    }

    /// Asks for much at once; returns how many bytes a second have come.
    pub(super) fn fetch(&mut self) -> Result<f64> {
        let began = Instant::now();
        self.stream.write_all(&self.talk.large_request)?;
        let mut left = self.talk.large_reply;
        while left > 0 {
            let most = left.min(PIECE);
            let read = self.stream.read(&mut self.buffer[..most]);
            match read.context("cannot read a large reply")? {
                0 => bail!("cannot measure: a large reply has ended {left} bytes too early"),
                length => left -= length,
            }
        }
        Ok(self.talk.large_reply as f64 / began.elapsed().as_secs_f64())
    }
}
