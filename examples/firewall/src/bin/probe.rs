//! The other end of the link: an HTTP server and a client, just large enough to see whether bytes
//! arrive. Knows nothing of firewalls or namespaces; the tests start it where traffic should begin
//! or end.
//!
//! A program and not a thread, because a thread cannot move to another network namespace without
//! `unsafe`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

/// How long either side waits for the other. A hang must end as an error that says so, long before
/// a test's own time limit would end it without a message.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (wish, result) = match words[..] {
        ["serve", port, text] => (format!("serve port {port}"), serve(port, text)),
        ["get", url] => (format!("get {url}"), get(url)),
        _ => {
            eprintln!("usage: probe serve PORT TEXT\n       probe get http://HOST[:PORT]/");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("cannot {wish}: {cause}");
            ExitCode::FAILURE
        }
    }
}

/// Answers every request on `port` with `text`, until killed.
///
/// The line `ready` on stdout reports that it listens, so that clients need not sleep before they
/// connect.
fn serve(port: &str, text: &str) -> io::Result<()> {
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?;
    println!("ready");
    loop {
        let (stream, peer) = listener.accept()?;
        // A client that disconnects must not end the server.
        if let Err(cause) = answer(&stream, &peer.ip().to_string(), text) {
            eprintln!("cannot answer {peer}: {cause}");
        }
    }
}

/// Reads one request up to its empty line and answers it.
///
/// `Seen-From` tells the client which address the server sees.
fn answer(mut stream: &TcpStream, peer: &str, text: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    for line in BufReader::new(stream).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let length = text.len();
    write!(
        stream,
        "HTTP/1.0 200 OK\r\nContent-Length: {length}\r\nSeen-From: {peer}\r\n\r\n{text}"
    )
}

/// Requests `url` and copies the whole answer, head and body, to stdout.
fn get(url: &str) -> io::Result<()> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| io::Error::other("it does not begin with http://"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = if host.contains(':') {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let address = address
        .to_socket_addrs()?
        .next()
        .ok_or_else(|| io::Error::other("the host has no address"))?;

    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n")?;
    let mut reply = Vec::new();
    stream
        .read_to_end(&mut reply)
        .map_err(|cause| match cause.kind() {
            // Linux reports a read that timed out as "resource temporarily unavailable".
            io::ErrorKind::WouldBlock => io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer within {PATIENCE:?}"),
            ),
            _ => cause,
        })?;
    io::stdout().write_all(&reply)
}
