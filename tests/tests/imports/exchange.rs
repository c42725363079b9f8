//! Requests and answers of HTTP, as a server of these tests reads and writes them: also answers
//! that are cut, silent or very long.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// How much of an answer is written at once.
const PIECE: usize = 1 << 20;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Its method and path, as in `GET /v2/a/b/manifests/latest`.
    pub(crate) line: String,
    headers: HashMap<String, String>,
    /// What was sent with it.
    pub(crate) body: String,
}

impl Request {
    /// Returns the value of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Returns the first byte that it asks for.
    pub(crate) fn from(&self) -> usize {
        let range = self.header("range").strip_prefix("bytes=");
        let first = range.and_then(|range| range.strip_suffix('-'));
        first.map_or(0, |first| first.parse().unwrap())
    }

    /// Returns the same for everything.
    pub(crate) fn without_range(&self) -> Self {
        let mut whole = self.clone();
        whole.headers.remove("range");
        whole
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Arc<Vec<u8>>,
    /// Zeros that follow the body.
    pub(crate) zeros: u64,
    /// The connection is cut after this many bytes of it.
    pub(crate) cut: Option<u64>,
    /// It is not cut there, but nothing more comes.
    pub(crate) is_silent: bool,
}

impl Answer {
    /// Returns an answer with a text.
    pub(crate) fn text(status: u16, text: impl Into<Vec<u8>>) -> Self {
        let body = Arc::new(text.into());
        Self {
            status,
            body,
            ..Self::default()
        }
    }

    /// Returns it with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Returns it cut after this many bytes.
    pub(crate) fn cut(mut self, after: u64) -> Self {
        self.cut = Some(after);
        self
    }
}

/// Answers the requests on a connection, one after the other.
pub(crate) fn converse(
    stream: &TcpStream,
    answer: &dyn Fn(&Request) -> Answer,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.rsplit_once(' ').map_or("", |(line, _)| line);
        let mut request = Request {
            line: line.to_owned(),
            headers: HashMap::new(),
            body: String::new(),
        };
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(": ") else {
                break;
            };
            let name = name.to_ascii_lowercase();
            request.headers.insert(name, value.to_owned());
        }
        let length = request.header("content-length").parse().unwrap_or(0);
        (&mut reader)
            .take(length)
            .read_to_string(&mut request.body)?;
        let answer = answer(&request);
        if write(stream, &answer)? {
            if answer.is_silent {
                // Until the client closes the connection.
                reader.read_line(&mut String::new())?;
            }
            return Ok(());
        }
    }
}

/// Writes an answer; returns whether the connection is cut.
fn write(mut stream: &TcpStream, answer: &Answer) -> std::io::Result<bool> {
    let whole = answer.body.len() as u64 + answer.zeros;
    let mut head = format!(
        "HTTP/1.1 {} Words\r\nContent-Length: {whole}\r\n",
        answer.status
    );
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    let end = answer.cut.unwrap_or(whole).min(whole);
    let text = end.min(answer.body.len() as u64);
    stream.write_all(&answer.body[..usize::try_from(text).unwrap()])?;
    let (zeros, mut left) = (vec![0; PIECE], end - text);
    while left > 0 {
        let piece = left.min(PIECE as u64);
        stream.write_all(&zeros[..usize::try_from(piece).unwrap()])?;
        left -= piece;
    }
    Ok(answer.cut.is_some())
}
