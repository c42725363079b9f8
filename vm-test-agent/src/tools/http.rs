//! One page of an HTTP server: the request, and what of the bytes that come back is the answer.

use super::address::find;
use super::exchange::{connect, converse};
use super::stop::Stop;
use super::streams::Streams;
use std::time::{Duration, Instant};
use vm_test_protocol::tool::{LONGEST_ANSWER, Told};

/// The longest head of an answer, in bytes.
const LONGEST_HEAD: usize = 1 << 16;

/// Asks for a page, and says what comes.
pub(super) fn get(
    to: &str,
    host: &str,
    path: &str,
    within: Duration,
    streams: &mut Streams,
) -> Result<(), Stop> {
    let until = Instant::now() + within;
    for word in [host, path] {
        if word.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            let cause = format!("`{}` has a blank", word.escape_debug());
            return Err(Stop::cannot("ask for the page", cause));
        }
    }
    let mut stream = connect(&find(to)?, until)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: vm-test\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    let mut answer = None;
    let mut is_enough = |bytes: &[u8], is_end: bool| {
        answer = read(bytes, is_end)?;
        Ok(answer.is_some())
    };
    converse(
        &mut stream,
        request.as_bytes(),
        false,
        until,
        &mut is_enough,
    )?;
    let Some(Answer { status, body }) = answer else {
        return Ok(());
    };
    streams.say(&Told::Status(status))?;
    streams.say_bytes(&body)
}

/// A whole answer.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    body: Vec<u8>,
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Bytes(usize),
    Chunks,
    UntilTheEnd,
}

/// Reads an answer, or `None` if more must come.
fn read(mut bytes: &[u8], is_end: bool) -> Result<Option<Answer>, String> {
    loop {
        const BEGIN: &[u8] = b"HTTP/1.";
        let begin = BEGIN.len().min(bytes.len());
        if bytes[..begin] != BEGIN[..begin] {
            let shown = bytes[..bytes.len().min(40)].escape_ascii();
            return Err(format!("it is not HTTP: it begins with \"{shown}\""));
        }
        let Some((head, rest)) = head(bytes)? else {
            return more(is_end, "its head");
        };
        let (status, length) = describe(head)?;
        // Such an answer only precedes the one that was asked for.
        if (100..200).contains(&status) {
            bytes = rest;
            continue;
        }
        let body = match length {
            Length::UntilTheEnd if is_end => Some(rest.to_vec()),
            Length::UntilTheEnd => None,
            Length::Bytes(length) => rest.get(..length).map(<[u8]>::to_vec),
            Length::Chunks => chunks(rest)?.map(|chunks| chunks.concat()),
        };
        return match body {
            Some(body) => Ok(Some(Answer { status, body })),
            None => more(is_end, "its body"),
        };
    }
}

fn more(is_end: bool, what: &str) -> Result<Option<Answer>, String> {
    if is_end {
        return Err(format!("it ended within {what}"));
    }
    Ok(None)
}

/// Splits bytes behind the empty line that ends a head.
fn head(bytes: &[u8]) -> Result<Option<(&str, &[u8])>, String> {
    let within = &bytes[..bytes.len().min(LONGEST_HEAD)];
    let ends = [&b"\r\n\r\n"[..], b"\n\n"]
        .map(|end| memchr::memmem::find(within, end).map(|at| (at, at + end.len())));
    match ends.into_iter().flatten().min() {
        Some((end, begin)) => {
            let head = std::str::from_utf8(&bytes[..end]);
            let head = head.map_err(|_| "its head is not a text".to_owned())?;
            Ok(Some((head, &bytes[begin..])))
        }
        None if bytes.len() >= LONGEST_HEAD => {
            Err(format!("its head is longer than {LONGEST_HEAD} bytes"))
        }
        None => Ok(None),
    }
}

/// Returns the status of an answer, and how long its body is.
fn describe(head: &str) -> Result<(u16, Length), String> {
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).unwrap_or_default();
    let status: u16 = (status.parse().ok())
        .filter(|status| (100..1000).contains(status))
        .ok_or_else(|| format!("it has no status: `{}`", first.escape_debug()))?;
    if matches!(status, 204 | 304) {
        return Ok((status, Length::Bytes(0)));
    }
    let mut length = Length::UntilTheEnd;
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.trim();
        if name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case("chunked") {
                return Err(format!("its encoding is `{}`", value.escape_debug()));
            }
            length = Length::Chunks;
        } else if name.eq_ignore_ascii_case("content-length") && length != Length::Chunks {
            let given = value
                .parse()
                .ok()
                .filter(|length| *length <= LONGEST_ANSWER);
            let given = given
                .map(Length::Bytes)
                .ok_or_else(|| format!("its length is `{}`", value.escape_debug()))?;
            if length != Length::UntilTheEnd && length != given {
                return Err("it has two lengths".to_owned());
            }
            length = given;
        }
    }
    Ok((status, length))
}

/// Returns the chunks of a body; `None` if more must come.
fn chunks(mut bytes: &[u8]) -> Result<Option<Vec<&[u8]>>, String> {
    let mut body = Vec::new();
    loop {
        let Some((line, rest)) = line(bytes)? else {
            return Ok(None);
        };
        let digits = line.split(';').next().unwrap_or_default().trim();
        let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let length = usize::from_str_radix(digits, 16).ok().filter(|_| is_number);
        let length = length
            .filter(|length| *length <= LONGEST_ANSWER)
            .ok_or_else(|| format!("a chunk has the length `{}`", line.escape_debug()))?;
        if length == 0 {
            return trailer(rest).map(|is_whole| is_whole.then_some(body));
        }
        let Some(chunk) = rest.get(..length) else {
            return Ok(None);
        };
        body.push(chunk);
        let Some((end, after)) = self::line(&rest[length..])? else {
            return Ok(None);
        };
        if !end.is_empty() {
            return Err("a chunk is longer than it says".to_owned());
        }
        bytes = after;
    }
}

/// Returns whether all fields after the last chunk are there.
fn trailer(mut bytes: &[u8]) -> Result<bool, String> {
    while let Some((field, rest)) = line(bytes)? {
        if field.is_empty() {
            return Ok(true);
        }
        bytes = rest;
    }
    Ok(false)
}

/// Splits bytes behind the next line.
fn line(bytes: &[u8]) -> Result<Option<(&str, &[u8])>, String> {
    const LONGEST: usize = 1 << 12;
    let within = &bytes[..bytes.len().min(LONGEST)];
    let Some(end) = within.iter().position(|byte| *byte == b'\n') else {
        if bytes.len() >= LONGEST {
            return Err("the line before a chunk is too long".to_owned());
        }
        return Ok(None);
    };
    let line = std::str::from_utf8(&bytes[..end]);
    let line = line.map_err(|_| "the line before a chunk is not a text".to_owned())?;
    Ok(Some((line.trim_end_matches('\r'), &bytes[end + 1..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an answer that comes byte by byte.
    fn read_slowly(bytes: &[u8]) -> Result<Answer, String> {
        for end in 0..bytes.len() {
            if let Some(answer) = read(&bytes[..end], false)? {
                return Ok(answer);
            }
        }
        match read(bytes, false)? {
            Some(answer) => Ok(answer),
            None => read(bytes, true).map(|answer| answer.expect("there is no more")),
        }
    }

    fn page(bytes: &str) -> (u16, String) {
        let answer = read_slowly(bytes.as_bytes()).unwrap();
        (answer.status, String::from_utf8(answer.body).unwrap())
    }

    #[test]
    fn a_body_ends_where_its_length_its_chunks_or_the_connection_say() {
        for bytes in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
            "HTTP/1.1 200 OK\r\ncontent-length:5\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.0 200 OK\r\n\r\nhello",
            "HTTP/1.0 200 OK\n\nhello",
            "HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nhe\r\n03\r\nllo\r\n0\r\nx: y\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        ] {
            assert_eq!(page(bytes), (200, "hello".to_owned()), "{bytes}");
        }
        for status in [204, 304] {
            let bytes = format!("HTTP/1.1 {status} x\r\nContent-Length: 9\r\n\r\n");
            assert_eq!(page(&bytes), (status, String::new()));
        }
        assert_eq!(page("HTTP/1.0 404 Not Found\r\n\r\n").0, 404);
    }

    #[test]
    fn what_is_no_answer_is_told() {
        for (bytes, cause) in [
            ("SSH-2.0-x\r\n", "it is not HTTP: it begins with \"S\""),
            (
                "HTTP/2 200\r\n\r\n",
                "it is not HTTP: it begins with \"HTTP/2\"",
            ),
            ("", "it ended within its head"),
            ("HTTP/1.1 200 OK\r\n", "it ended within its head"),
            ("HTTP/1.1 OK\r\n\r\n", "it has no status: `HTTP/1.1 OK`"),
            (
                "HTTP/1.1 20 OK\r\n\r\n",
                "it has no status: `HTTP/1.1 20 OK`",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
                "it ended within its body",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                "its length is `-1`",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n",
                "its length is `16777217`",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "it has two lengths",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                "its encoding is `gzip`",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello",
                "a chunk has the length `+5`",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
                "a chunk has the length `fffffffffffffffff`",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n",
                "a chunk is longer than it says",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
                "it ended within its body",
            ),
        ] {
            assert_eq!(read_slowly(bytes.as_bytes()), Err(cause.to_owned()));
        }
        let long = [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'x'; LONGEST_HEAD]].concat();
        let words = "its head is longer than 65536 bytes".to_owned();
        assert_eq!(read(&long, false), Err(words));
        let mut long = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        long.extend(vec![b'0'; 1 << 12]);
        let words = "the line before a chunk is too long".to_owned();
        assert_eq!(read(&long, false), Err(words));
    }
}
