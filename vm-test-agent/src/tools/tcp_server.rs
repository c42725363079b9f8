//! A TCP server that answers every connection alike, whatever it is sent.

use super::address::{plain, with_any};
use super::stop::Stop;
use super::streams::Streams;
use super::watch::{Watched, watch};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};
use vm_test_protocol::tool::Told;

/// How many connections are remembered with their address.
const MOST_REMEMBERED: usize = 1000;

/// How many connections are answered at the same time; more are closed at once.
const MOST_AT_ONCE: usize = 64;

/// How long a connection may take.
const LONGEST: Duration = Duration::from_secs(5);

/// Serves until the end of the tool's input.
pub(super) fn serve(at: SocketAddr, answer: Vec<u8>, streams: &mut Streams) -> Result<(), Stop> {
    let cannot = |error| Stop::cannot(format!("listen at {at}"), error);
    let listener = with_any(at, TcpListener::bind).map_err(cannot)?;
    listener.set_nonblocking(true).map_err(cannot)?;
    let address = plain(listener.local_addr().map_err(cannot)?);
    streams.say(&Told::Ready(Some(address)))?;
    let mut server = Server {
        listener,
        answer: answer.into(),
        count: 0,
        from: Vec::new(),
    };
    watch(&mut server, streams)
}

struct Server {
    listener: TcpListener,
    /// Each connection has it while it is answered.
    answer: Arc<[u8]>,
    count: u64,
    from: Vec<SocketAddr>,
}

impl Watched for Server {
    fn source(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    fn look(&mut self) -> Result<bool, Stop> {
        for _ in 0..MOST_AT_ONCE {
            let (stream, from) = match self.listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                // The client has gone before it was seen.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) =>
                {
                    continue;
                }
                Err(error) => return Err(Stop::cannot("accept a connection", error)),
            };
            self.count += 1;
            if self.from.len() < MOST_REMEMBERED {
                self.from.push(plain(from));
            }
            if Arc::strong_count(&self.answer) <= MOST_AT_ONCE {
                let answer = Arc::clone(&self.answer);
                // A client that is not answered sees its connection close.
                let _ = std::thread::Builder::new().spawn(move || respond(stream, &answer));
            }
        }
        Ok(true)
    }

    fn count(&self) -> u64 {
        self.count
    }

    fn told(&mut self) -> Told {
        Told::Connections {
            count: self.count,
            from: self.from.clone(),
        }
    }
}

/// Answers a connection, and closes it once the client has: what the client has sent would otherwise
/// break the connection before it has the answer.
fn respond(mut stream: TcpStream, answer: &[u8]) {
    let until = Instant::now() + LONGEST;
    let _ = stream.set_write_timeout(Some(LONGEST));
    if stream.write_all(answer).is_err() || stream.shutdown(Shutdown::Write).is_err() {
        return;
    }
    let mut bytes = [0; 1 << 12];
    loop {
        let rest = until.saturating_duration_since(Instant::now());
        if rest.is_zero() || stream.set_read_timeout(Some(rest)).is_err() {
            return;
        }
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::exchange::exchange;
    use super::super::streams::tests::Played;
    use super::*;
    use vm_test_protocol::tool::{Ask, Hindrance};

    fn begin(answer: &'static [u8]) -> (Played, SocketAddr) {
        let at = "127.0.0.1:0".parse().unwrap();
        let server = Played::begin(move |streams| serve(at, answer.to_vec(), streams));
        let Told::Ready(Some(address)) = server.told() else {
            panic!("it does not listen");
        };
        (server, address)
    }

    #[test]
    fn every_connection_is_answered_and_remembered_and_the_end_of_the_input_ends_the_server() {
        let (server, address) = begin(b"hello");
        for number in 1..=3_usize {
            // It is more than the server reads at once.
            let reply = exchange(&address.to_string(), &vec![b'?'; 1 << 16], LONGEST);
            assert_eq!(reply.unwrap(), b"hello");
            let Told::Connections { count, from } = server.ask(&Ask::SoFar) else {
                panic!("it does not tell its connections");
            };
            assert_eq!((count, from.len()), (number as u64, number));
            assert!(from.iter().all(|from| from.ip().is_loopback()));
        }
        assert_eq!(server.end(), [Told::Over]);
        let refused = exchange(&address.to_string(), b"", LONGEST);
        assert!(matches!(refused, Err(Stop::Hindered(Hindrance::Refused))));
    }

    #[test]
    fn an_address_that_is_taken_is_named() {
        let (_server, address) = begin(b"");
        let second = Played::begin(move |streams| serve(address, Vec::new(), streams));
        let Told::Failed(failure) = second.told() else {
            panic!("it listens");
        };
        let words = format!("cannot listen at {address}: Address already in use");
        assert!(failure.message.starts_with(&words), "{failure}");
    }
}
