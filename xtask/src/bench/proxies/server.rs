//! The server behind the proxies: one thread that returns each small request, and sends much when
//! it is asked for that.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result, bail};

use super::poll::Poll;
use super::talk::{ASKS_FOR_LARGE, LARGE, SMALL};

/// How much of a large reply is written at once.
const PIECE: usize = 1 << 18;

/// A connection, and what has come of the next request.
struct Peer {
    stream: TcpStream,
    request: [u8; SMALL],
    length: usize,
}

/// Starts a server; it lasts as long as this process.
pub(super) fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen")?;
    let address = listener.local_addr()?;
    let poll = Poll::new()?;
    poll.add(&listener, 0)?;
    thread::Builder::new()
        .name("echo".to_owned())
        .spawn(move || {
            if let Err(error) = serve(&listener, &poll) {
                println!("the server of the bench has ended: {error:#}");
            }
        })?;
    Ok(address)
}

/// Serves everybody in turn. Sockets block, but are read only when something has come, and clients
/// read all that they have asked for before they ask again.
fn serve(listener: &TcpListener, poll: &Poll) -> Result<()> {
    // The first place is the listener's.
    let mut peers: Vec<Option<Peer>> = vec![None];
    let large = vec![b'x'; PIECE];
    let mut ready = Vec::new();
    loop {
        poll.wait(&mut ready, None)?;
        for number in ready.drain(..) {
            if number == 0 {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                poll.add(&stream, peers.len())?;
                peers.push(Some(Peer {
                    stream,
                    request: [0; SMALL],
                    length: 0,
                }));
                continue;
            }
            let place = &mut peers[number];
            let has_ended = place
                .as_mut()
                .is_some_and(|peer| peer.answer(&large).is_err());
            if has_ended {
                *place = None;
            }
        }
    }
}

impl Peer {
    /// Reads what has come, and answers if a request is complete.
    fn answer(&mut self, large: &[u8]) -> Result<()> {
        let read = self.stream.read(&mut self.request[self.length..])?;
        self.length += read;
        if read == 0 {
            bail!("it has ended");
        }
        if self.length < SMALL {
            return Ok(());
        }
        self.length = 0;
        if self.request[0] != ASKS_FOR_LARGE {
            return Ok(self.stream.write_all(&self.request)?);
        }
        for _ in 0..LARGE / large.len() {
            self.stream.write_all(large)?;
        }
        Ok(())
    }
}
