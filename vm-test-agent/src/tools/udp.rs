//! Datagrams: received and remembered, or sent.

use super::address::{find, plain, with_any};
use super::hindrance::hindrance;
use super::stop::Stop;
use super::streams::Streams;
use super::watch::{Watched, watch};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use vm_test_protocol::tool::{Datagram, Told};

/// How many datagrams are remembered, and how many bytes of all of them.
const MOST_REMEMBERED: usize = 1000;
const MOST_BYTES: usize = 1 << 17;

/// How many are received before anything else is done.
const AT_ONCE: usize = 1000;

/// Receives until the end of the tool's input.
pub(super) fn serve(at: SocketAddr, streams: &mut Streams) -> Result<(), Stop> {
    let cannot = |error| Stop::cannot(format!("receive at {at}"), error);
    let socket = with_any(at, UdpSocket::bind).map_err(cannot)?;
    socket.set_nonblocking(true).map_err(cannot)?;
    let address = plain(socket.local_addr().map_err(cannot)?);
    streams.say(&Told::Ready(Some(address)))?;
    let mut server = Server {
        socket,
        count: 0,
        bytes: 0,
        first: Vec::new(),
    };
    watch(&mut server, streams)
}

struct Server {
    socket: UdpSocket,
    count: u64,
    bytes: usize,
    first: Vec<Datagram>,
}

impl Watched for Server {
    fn source(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    fn look(&mut self) -> Result<bool, Stop> {
        let mut bytes = vec![0; 1 << 16];
        for _ in 0..AT_ONCE {
            let (length, from) = match self.socket.recv_from(&mut bytes) {
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Stop::cannot("receive a datagram", error)),
            };
            self.count += 1;
            self.bytes = self.bytes.saturating_add(length);
            if self.first.len() < MOST_REMEMBERED && self.bytes <= MOST_BYTES {
                self.first.push(Datagram {
                    from: plain(from),
                    bytes: bytes[..length].to_vec(),
                });
            }
        }
        Ok(true)
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn told(&mut self) -> Told {
        Told::Datagrams {
            count: self.count,
            first: self.first.clone(),
        }
    }
}

/// Sends datagrams.
pub(super) fn send(to: &str, bytes: &[u8], count: u32, from_port: u16) -> Result<(), Stop> {
    let to = find(to)?[0];
    let any: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, from_port))
        .map_err(|error| Stop::cannot(format!("send from port {from_port}"), error))?;
    let send = || {
        socket.set_broadcast(true)?;
        (0..count).try_for_each(|_| socket.send_to(bytes, to).map(drop))
    };
    send().map_err(|error| hindrance(&error).into())
}

#[cfg(test)]
mod tests {
    use super::super::streams::tests::Played;
    use super::*;
    use std::time::Duration;
    use vm_test_protocol::tool::Ask;

    /// Long enough for any machine.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn datagrams_are_received_as_they_were_sent_and_remembered() {
        for at in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let at: SocketAddr = at.parse().unwrap();
            let server = Played::begin(move |streams| serve(at, streams));
            let Told::Ready(Some(address)) = server.told() else {
                panic!("it does not listen");
            };
            let to = if at.ip().is_unspecified() {
                format!("127.0.0.1:{}", address.port())
            } else {
                address.to_string()
            };
            send(&to, b"hello", 3, 0).unwrap();
            let told = server.ask(&Ask::Settle {
                least: 3,
                most: None,
                patience: PATIENCE,
                quiet: Duration::ZERO,
            });
            let Told::Datagrams { count, first } = told else {
                panic!("{told:?}");
            };
            assert_eq!(count, 3);
            for datagram in &first {
                assert_eq!(datagram.bytes, b"hello");
                assert!(datagram.from.ip().is_loopback(), "{}", datagram.from);
            }
            assert_eq!(server.end(), [Told::Over]);
        }
    }

    #[test]
    fn more_is_counted_than_is_remembered() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let to = socket.local_addr().unwrap().to_string();
        let mut server = Server {
            socket,
            count: 0,
            bytes: MOST_BYTES - 5,
            first: Vec::new(),
        };
        send(&to, b"hello", 2, 0).unwrap();
        server.look().unwrap();
        assert_eq!((server.count, server.first.len()), (2, 1));
    }
}
