//! One exchange over a TCP connection: what is sent, and what comes back.

use super::address::find;
use super::hindrance::hindrance;
use super::stop::Stop;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use vm_test_protocol::tool::{Hindrance, LONGEST_ANSWER};

/// How much is read at a time.
const CHUNK: usize = 1 << 16;

/// Connects, sends these bytes and the end, and returns everything that comes back.
pub(super) fn exchange(to: &str, send: &[u8], within: Duration) -> Result<Vec<u8>, Stop> {
    let until = Instant::now() + within;
    let mut stream = connect(&find(to)?, until)?;
    let mut is_enough = |_: &[u8], is_end: bool| Ok(is_end);
    converse(&mut stream, send, true, until, &mut is_enough)
}

/// Connects to the first of these addresses that accepts it.
pub(super) fn connect(to: &[SocketAddr], until: Instant) -> Result<TcpStream, Hindrance> {
    let mut first = None;
    for (tried, address) in to.iter().enumerate() {
        let rest = until.saturating_duration_since(Instant::now());
        let share = rest / u32::try_from(to.len() - tried).unwrap_or(u32::MAX);
        let connected = if share.is_zero() {
            Err(ErrorKind::TimedOut.into())
        } else {
            TcpStream::connect_timeout(address, share)
        };
        match connected {
            Ok(stream) => return Ok(stream),
            Err(error) => drop(first.get_or_insert(hindrance(&error))),
        }
    }
    Err(first.unwrap_or_else(|| Hindrance::Other("there is no address".to_owned())))
}

/// Sends these bytes, and the end if that is wanted, and reads until what has come is enough, which
/// is asked with all of it and whether no more comes.
pub(super) fn converse(
    stream: &mut TcpStream,
    send: &[u8],
    ends: bool,
    until: Instant,
    is_enough: &mut impl FnMut(&[u8], bool) -> Result<bool, String>,
) -> Result<Vec<u8>, Stop> {
    let broken = |error: &io::Error| Stop::Hindered(hindrance(error));
    stream
        .set_nonblocking(true)
        .map_err(|error| broken(&error))?;
    let mut unsent = send;
    let mut is_closed = false;
    let mut received = Vec::new();
    let mut bytes = vec![0; CHUNK];
    loop {
        if unsent.is_empty() && ends && !is_closed {
            is_closed = true;
            // If the other side has closed the connection, its answer is there.
            let _ = stream.shutdown(Shutdown::Write);
        }
        let rest = until.saturating_duration_since(Instant::now());
        if rest.is_zero() || !is_ready(stream, !unsent.is_empty(), rest).map_err(|e| broken(&e))? {
            return Err(Stop::Hindered(Hindrance::TimedOut {
                is_connected: true,
                received: shortened(received),
            }));
        }
        if !unsent.is_empty() {
            match stream.write(unsent) {
                Ok(count) => unsent = &unsent[count..],
                Err(error) if is_for_now(&error) => {}
                // It may have answered before it closed the connection.
                Err(_) => unsent = &[],
            }
        }
        let is_end = match stream.read(&mut bytes) {
            Ok(count) => {
                received.extend_from_slice(&bytes[..count]);
                count == 0
            }
            Err(error) if is_for_now(&error) => continue,
            Err(error) => return Err(broken(&error)),
        };
        let enough = is_enough(&received, is_end);
        if enough.map_err(Hindrance::Unusable)? {
            return Ok(received);
        }
        if received.len() > LONGEST_ANSWER {
            let words = format!("it is longer than {LONGEST_ANSWER} bytes");
            return Err(Stop::Hindered(Hindrance::Unusable(words)));
        }
        if is_end {
            return Err(Stop::Hindered(Hindrance::Unusable("it ended".to_owned())));
        }
    }
}

/// Returns as much as goes into a message.
fn shortened(mut received: Vec<u8>) -> Vec<u8> {
    received.truncate(CHUNK);
    received
}

fn is_for_now(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Waits until the stream can be read, or written if that is wanted; returns whether it can.
fn is_ready(stream: &TcpStream, is_written: bool, at_most: Duration) -> io::Result<bool> {
    let mut flags = PollFlags::IN;
    flags.set(PollFlags::OUT, is_written);
    let limit = Timespec {
        tv_sec: i64::try_from(at_most.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: at_most.subsec_nanos().into(),
    };
    match poll(&mut [PollFd::new(stream, flags)], Some(&limit)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    /// Long enough for any machine.
    const PATIENCE: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(100);

    /// Has one connection served like this, while this is sent to it.
    fn served(
        serve: impl FnOnce(TcpStream) + Send + 'static,
        send: &[u8],
        within: Duration,
    ) -> Result<Vec<u8>, Stop> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || serve(listener.accept().unwrap().0));
        let reply = exchange(&address.to_string(), send, within);
        server.join().unwrap();
        reply
    }

    #[test]
    fn both_sides_may_send_more_than_fits_on_the_way() {
        let echo = |mut stream: TcpStream| {
            let mut reader = stream.try_clone().unwrap();
            io::copy(&mut reader, &mut stream).unwrap();
        };
        let sent: Vec<u8> = (0..4_000_000_u32).map(|number| number as u8).collect();
        assert!(served(echo, &sent, PATIENCE).unwrap() == sent);
    }

    #[test]
    fn what_had_come_when_the_time_was_up_is_told() {
        let waits = |mut stream: TcpStream| {
            stream.write_all(b"hel").unwrap();
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            thread::sleep(2 * SHORT);
        };
        let Err(Stop::Hindered(Hindrance::TimedOut {
            is_connected,
            received,
        })) = served(waits, b"", SHORT)
        else {
            panic!("it was in time");
        };
        assert_eq!((is_connected, &*received), (true, &b"hel"[..]));
    }

    #[test]
    fn a_connection_that_is_broken_is_no_answer() {
        let breaks = |mut stream: TcpStream| {
            let mut byte = [0];
            // What is left unread breaks it.
            stream.read_exact(&mut byte).unwrap();
        };
        let broken = served(breaks, b"hello", PATIENCE);
        assert!(
            matches!(broken, Err(Stop::Hindered(Hindrance::Reset))),
            "{broken:?}"
        );
    }

    #[test]
    fn an_answer_without_end_is_given_up() {
        let floods = |mut stream: TcpStream| while stream.write_all(&[0; CHUNK]).is_ok() {};
        let Err(Stop::Hindered(Hindrance::Unusable(words))) = served(floods, b"", PATIENCE) else {
            panic!("it has an end");
        };
        assert_eq!(words, "it is longer than 16777216 bytes");
    }

    #[test]
    fn the_next_address_of_a_name_is_tried() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let until = Instant::now() + PATIENCE;
        assert!(connect(&[closed.unwrap(), open], until).is_ok());
        assert!(connect(&[open], Instant::now()).is_err());
    }
}
