//! Framings, hostile lengths and names, byte by byte.

use super::Http;
use crate::protocol::harness::{Sample, campaign};
use crate::protocol::{Protocol, Request, Step, Violation};

/// Returns the requests in these bytes when they come one by one: name and whole length.
fn read(bytes: &[u8]) -> Result<Vec<(Request, usize)>, Violation> {
    let mut conversation = Http::new().conversation();
    let mut requests = Vec::new();
    let mut begun = 0;
    for end in 1..=bytes.len() {
        while begun < end {
            match conversation.request(&bytes[begun..end])? {
                Step::Taken(taken) => {
                    requests.extend(taken.begins.map(|request| (request, 0)));
                    requests.last_mut().unwrap().1 += taken.length;
                    begun += taken.length;
                }
                Step::More => break,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(begun, bytes.len(), "nothing is left");
    Ok(requests)
}

fn violation(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn requests_end_where_their_framing_says() {
    let messages: [&[u8]; 5] = [
        b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\nPOST / HTTP/1.1\r\ncontent-length: 3\r\nContent-Length: 3\r\n\r\n\r\n\r",
        b"PUT /p HTTP/1.1\nTransfer-Encoding: gzip, Chunked\n\nA;x=\"\"\r\n0123456789\r\n0\r\nT: x\r\n\r\n",
        b"DELETE /d HTTP/1.0\r\n\r\n",
        b"HEAD / HTTP/1.1\r\n\r\n",
    ];
    let requests = read(&messages.concat()).unwrap();
    let names: Vec<&str> = requests.iter().map(|(it, _)| &*it.name).collect();
    assert_eq!(names, ["GET /a", "POST /", "PUT /p", "DELETE /d", "HEAD /"]);
    let lengths: Vec<usize> = requests.iter().map(|(_, length)| *length).collect();
    assert_eq!(lengths, messages.map(<[u8]>::len));
}

#[test]
fn heads_that_proxies_and_servers_read_differently_are_refused() {
    let with =
        |headers: &str| violation(format!("POST / HTTP/1.1\r\n{headers}\r\n\r\n").as_bytes());
    assert!(with("Content-Length: 3\r\nTransfer-Encoding: chunked").contains("both"));
    assert!(with("Content-Length: 3\r\nContent-Length: 4").contains("two different"));
    for length in ["+3", "-1", "0x3", "3,3", "", "99999999999999999999"] {
        let why = with(&format!("Content-Length: {length}"));
        assert!(why.contains("no length"), "{length}: {why}");
    }
    assert!(with("Transfer-Encoding: chunked, gzip").contains("no transfer coding"));
    assert!(violation(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").contains("coding"));
    assert!(violation(b"PRI * HTTP/2.0\r\n\r\n").contains("not a request"));
    assert!(violation(b"\x16\x03\x01").contains("TLS"));
    let chunks = |chunks: &str| {
        violation(
            format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}").as_bytes(),
        )
    };
    assert!(chunks("x\r\n").contains("no number"));
    assert!(chunks("-1\r\n").contains("no number"));
    assert!(chunks("11111111111111111\r\n").contains("no number"));
    assert!(chunks("1\r\nab").contains("longer than its size"));
}

#[test]
fn what_does_not_end_is_refused_before_it_is_large() {
    let endless = [b"GET / HTTP/1.1\r\nA: ".to_vec(), vec![b'a'; 70_000]].concat();
    assert!(violation(&endless).contains("64 KiB"));
    let line = [
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;".to_vec(),
        vec![b'a'; 70_000],
    ];
    assert!(violation(&line.concat()).contains("too long"));
    let trailers = [
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n".to_vec(),
        b"a: b\r\n".repeat(20_000),
    ];
    assert!(violation(&trailers.concat()).contains("trailers"));
}

#[test]
fn names_are_short_and_without_control_characters() {
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "ü".repeat(300));
    let name = &read(long.as_bytes()).unwrap()[0].0.name;
    assert!(name.len() <= 200 && name.starts_with("GET /ü"), "{name}");
}

#[test]
fn any_bytes_in_any_pieces_mean_the_same() {
    let sample = |client: &'static [u8], server: &'static [u8]| Sample { client, server };
    campaign(
        &Http::new(),
        &[
            sample(
                b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.0\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello\
                  HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            ),
            sample(
                b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi",
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
            ),
            sample(
                b"PUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n",
                b"HTTP/1.1 500 x\r\nTransfer-Encoding: gzip, chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
            ),
            sample(
                b"GET /ws HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\n\r\n",
                b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x02hi",
            ),
            sample(
                b"CONNECT a:1 HTTP/1.1\r\n\r\n",
                b"HTTP/1.0 304 Not Modified\r\n\r\nHTTP/1.0 200\r\n\r\nuntil the end",
            ),
        ],
    );
}
