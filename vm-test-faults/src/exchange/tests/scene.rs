//! A small HTTP server, a way through a relay to it, and a reader of its replies.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::behavior::Behavior;
use crate::exchange::{Carrier, RelayError, Rule, relay};
use crate::protocol::Protocol;
use crate::protocol::http::Http;

/// The targets of the requests that the server has seen.
pub(super) type Seen = Arc<Mutex<Vec<String>>>;

/// Clients with a proxy before the server.
pub(super) struct Scene {
    pub(super) carrier: Arc<Carrier>,
    pub(super) seen: Seen,
}

pub(super) fn rule(behavior: impl Behavior) -> Rule {
    Rule::new(Arc::new(behavior))
}

pub(super) fn by_percent(percent: f64, behavior: impl Behavior) -> Rule {
    Rule::by_percent([(percent, Arc::new(behavior) as Arc<dyn Behavior>)])
}

impl Scene {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        Self::with(Http::new(), rules)
    }

    pub(super) fn with(protocol: impl Protocol, rules: Vec<Rule>) -> Self {
        Self {
            carrier: Arc::new(Carrier::new(Arc::new(protocol), rules).unwrap()),
            seen: Seen::default(),
        }
    }

    /// Returns a connection through the relay to the HTTP server.
    pub(super) fn connect(&self) -> (DuplexStream, JoinHandle<Result<(), RelayError>>) {
        let (server, their_server) = duplex(4_096);
        tokio::spawn(serve(their_server, Arc::clone(&self.seen), None));
        self.relayed(server)
    }

    /// Returns a connection through the relay to this server.
    pub(super) fn relayed(
        &self,
        server: DuplexStream,
    ) -> (DuplexStream, JoinHandle<Result<(), RelayError>>) {
        let (client, their_client) = duplex(4_096);
        let carrier = Arc::clone(&self.carrier);
        let relay =
            tokio::spawn(async move { relay(split(their_client), split(server), &carrier).await });
        (client, relay)
    }

    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Answers requests until one says `Connection: close`. What the target asks for is what comes;
/// the body of a reply begins with the target. With `random`, it writes in small parts.
pub(super) async fn serve(mut stream: DuplexStream, seen: Seen, random: Option<u64>) {
    let mut random = random.map(fastrand::Rng::with_seed);
    let mut read = Vec::new();
    loop {
        let Some(head) = read_head(&mut stream, &mut read).await else {
            return;
        };
        let target = head.split(' ').nth(1).unwrap().to_owned();
        let is_head = head.starts_with("HEAD ");
        let lower = head.to_ascii_lowercase();
        if lower.contains("expect: 100-continue") {
            let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
            send(&mut stream, interim, &mut random).await;
        }
        let length = header(&lower, "content-length").map_or(0, |it| it.parse().unwrap());
        let chunked = header(&lower, "transfer-encoding").is_some();
        let body = read_body(&mut stream, &mut read, length, chunked).await;
        seen.lock().unwrap().push(target.clone());
        let text = format!("{target} {body}{}", "z".repeat(target.len() * 10));
        let reply = match target.split('/').nth(1).unwrap() {
            "none" => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            "same" => "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n".to_owned(),
            "chunks" if !is_head => {
                let (first, second) = text.split_at(text.len() / 2);
                format!(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x};x=y\r\n{first}\r\n\
                     {:X}\r\n{second}\r\n0\r\nTrailer: x\r\n\r\n",
                    first.len(),
                    second.len()
                )
            }
            "end" => format!("HTTP/1.1 200 OK\r\n\r\n{text}"),
            _ => {
                let body = if is_head { "" } else { &*text };
                let length = text.len();
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")
            }
        };
        send(&mut stream, reply.as_bytes(), &mut random).await;
        if lower.contains("connection: close") {
            return;
        }
    }
}

async fn send(stream: &mut DuplexStream, bytes: &[u8], random: &mut Option<fastrand::Rng>) {
    let Some(random) = random else {
        // The client may have gone away, which is its right.
        let _ = stream.write_all(bytes).await;
        return;
    };
    write_in_parts(stream, bytes, random).await;
}

/// Writes a few bytes at a time, mostly one.
pub(super) async fn write_in_parts(
    stream: &mut (impl tokio::io::AsyncWrite + Unpin),
    bytes: &[u8],
    random: &mut fastrand::Rng,
) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let most = if random.bool() {
            1
        } else {
            random.usize(1..60)
        };
        let (part, behind) = rest.split_at(most.min(rest.len()));
        if stream.write_all(part).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
        rest = behind;
    }
}

async fn more(stream: &mut (impl AsyncRead + Unpin), read: &mut Vec<u8>) -> Option<()> {
    (stream.read_buf(read).await.ok()? > 0).then_some(())
}

/// Returns a head with its empty line.
async fn read_head(stream: &mut (impl AsyncRead + Unpin), read: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(at) = read.windows(4).position(|it| it == b"\r\n\r\n") {
            let head = read.drain(..at + 4).collect();
            return Some(String::from_utf8(head).unwrap());
        }
        more(stream, read).await?;
    }
}

fn header<'a>(lower: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = lower.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

async fn read_body(
    stream: &mut (impl AsyncRead + Unpin),
    read: &mut Vec<u8>,
    length: usize,
    chunked: bool,
) -> String {
    if !chunked {
        while read.len() < length && more(stream, read).await.is_some() {}
        let body: Vec<u8> = read.drain(..length.min(read.len())).collect();
        return String::from_utf8_lossy(&body).into_owned();
    }
    let mut body = Vec::new();
    loop {
        let end = loop {
            match read.windows(2).position(|it| it == b"\r\n") {
                Some(at) => break at,
                None => more(stream, read).await.unwrap(),
            }
        };
        let line: Vec<u8> = read.drain(..end + 2).collect();
        let size = String::from_utf8_lossy(&line);
        let size = size.split([';', '\r']).next().unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        while read.len() < size + 2 {
            more(stream, read).await.unwrap();
        }
        body.extend(read.drain(..size));
        read.drain(..2);
        if size == 0 {
            return String::from_utf8(body).unwrap();
        }
    }
}

/// A reply with Content-Length, as a client reads it.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Reads replies that have a Content-Length, one after another.
pub(super) struct Replies<R> {
    reader: R,
    read: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Replies<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            read: Vec::new(),
        }
    }

    pub(super) async fn next(&mut self) -> Option<Reply> {
        let head = read_head(&mut self.reader, &mut self.read).await?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = header(&head.to_ascii_lowercase(), "content-length")
            .unwrap()
            .parse();
        let body = read_body(&mut self.reader, &mut self.read, length.unwrap(), false).await;
        Some(Reply { status, body })
    }
}

/// Fails rather than waits for ever.
pub(super) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future).await.unwrap()
}
