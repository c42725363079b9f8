//! Requests to the API that no client makes: each gets a reply that says what is wrong, or the end
//! of its connection, and afterwards the API answers as before.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use vm_test_faults::api::Exported;

use crate::client::Api;
use crate::flow::{connect, echo_server};

/// Reads what comes until the end, however that is.
fn rest(mut stream: &TcpStream) -> String {
    let mut bytes = [0; 16 * 1024];
    let mut text = String::new();
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return text,
            Ok(length) => text += &String::from_utf8_lossy(&bytes[..length]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return text,
            Err(error) => panic!("it does not end: {error}, behind {text:?}"),
        }
    }
}

/// Sends these bytes and nothing more, while it reads; returns all that comes.
fn raw(api: &Api, bytes: &[u8]) -> String {
    let stream = connect(api.address);
    thread::scope(|scope| {
        scope.spawn(|| {
            // A request that is refused need not be read to its end.
            let _ = (&stream).write_all(bytes);
            let _ = stream.shutdown(Shutdown::Write);
        });
        rest(&stream)
    })
}

fn post(head: &str, body: &str) -> String {
    format!("POST /proxies HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{head}\r\n\r\n{body}")
}

#[test]
fn what_is_no_request_is_refused_with_its_status() {
    let api = Api::start(Exported::default());
    let long = "a".repeat(1024 * 1024);
    let many = "a: b\r\n".repeat(10_000);
    for (request, status) in [
        (
            "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\r\n\r\n".to_owned(),
            400,
        ),
        ("GET\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\na b: c\r\n\r\n".to_owned(), 400),
        (format!("GET / HTTP/1.1\r\na: {long}\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\n{many}\r\n"), 431),
        (format!("GET /{} HTTP/1.1\r\n\r\n", &long[..70_000]), 414),
        (post("Content-Length: -1", ""), 400),
        (post("Content-Length: 1\r\nContent-Length: 2", "{}"), 400),
        (post("Content-Length: 99999999999999999999", ""), 400),
        (post("Content-Length: 99999999999", ""), 400),
        (post("Transfer-Encoding: gzip", ""), 400),
    ] {
        let reply = raw(&api, request.as_bytes());
        let begin = format!("HTTP/1.1 {status} ");
        let shown = &request[..request.len().min(100)];
        assert!(reply.starts_with(&begin), "{shown:?}: {reply:?}");
        api.must("GET", "/version", "");
    }
}

#[test]
fn a_body_that_makes_no_sense_is_refused_in_words() {
    let api = Api::start(Exported::default());
    let deep = "[".repeat(100_000);
    let deeper = "{\"name\":".repeat(100_000);
    for (head, body, why) in [
        ("Transfer-Encoding: chunked", "zz\r\n", "bad request body"),
        (
            "Transfer-Encoding: chunked",
            "ffffffffffffffffff\r\n",
            "bad request body",
        ),
        ("Transfer-Encoding: chunked", "5\r\n{", "bad request body"),
        ("Content-Length: 100", "{}", "bad request body"),
        ("Content-Length: 100000", &deep, "recursion limit"),
        ("Content-Length: 800000", &deeper, "recursion limit"),
        ("Content-Length: 9", "{\"name\":\0", "bad request body"),
        ("Content-Length: 13", "{\"name\":1e999", "bad request body"),
        ("Content-Length: 0", "", "bad request body: EOF"),
        ("Content-Length: 4", "null", "missing required field: name"),
    ] {
        let reply = raw(&api, post(head, body).as_bytes());
        let shown = &body[..body.len().min(100)];
        assert!(
            reply.starts_with("HTTP/1.1 400 ") && reply.contains(why),
            "{shown:?}: {reply:?}"
        );
    }
    assert_eq!(api.must("GET", "/proxies", "").body, "{}");
}

#[test]
fn a_body_without_end_is_read_no_further_than_is_allowed() {
    let api = Api::start(Exported::default());
    let mut stream = connect(api.address);
    stream
        .write_all(post("Transfer-Encoding: chunked", "").as_bytes())
        .unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    let mut sent = 0;
    while sent < 64 * 1024 * 1024 && stream.write_all(chunk.as_bytes()).is_ok() {
        sent += chunk.len();
    }
    // Some more was on its way.
    assert!(sent < 32 * 1024 * 1024, "{sent} bytes were taken");
    api.must("GET", "/version", "");
}

#[test]
fn a_body_that_does_not_arrive_is_given_up() {
    let api = Api::start(Exported::default());
    let mut stream = connect(api.address);
    let begin = Instant::now();
    let request = post("Content-Length: 100", "{");
    stream.write_all(request.as_bytes()).unwrap();
    let reply = rest(&stream);
    let time = begin.elapsed();
    assert!(reply.starts_with("HTTP/1.1 400 "), "{reply}");
    assert!(reply.contains("bad request body: i/o timeout"), "{reply}");
    assert!(time < Duration::from_secs(30), "{time:?}");
}

#[test]
fn requests_that_come_at_once_are_answered_in_their_order() {
    let api = Api::start(Exported::default());
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let many = [request("/version"), request("/proxies/p")]
        .concat()
        .repeat(1_000);
    let last = "GET /proxies HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let replies = raw(&api, (many + last).as_bytes());
    let statuses = replies.split("HTTP/1.1 ").skip(1).map(|reply| &reply[..3]);
    let expected = ["200", "404"].repeat(1_000);
    let statuses: Vec<&str> = statuses.collect();
    assert_eq!(statuses[..2_000], expected);
    assert_eq!(statuses[2_000..], ["200"]);
}

#[test]
fn a_request_needs_no_host_and_who_sends_no_more_still_gets_the_reply() {
    let api = Api::start(Exported::default());
    let listen = api.proxy("p", echo_server());
    let reply = raw(&api, b"GET /version HTTP/1.0\r\n\r\n");
    assert!(reply.starts_with("HTTP/1.0 200 "), "{reply}");
    for enabled in [false, true].repeat(10) {
        let body = format!("{{\"enabled\":{enabled}}}");
        let length = body.len();
        let head = "PATCH /proxies/p HTTP/1.1\r\n";
        let reply = raw(
            &api,
            format!("{head}Content-Length: {length}\r\n\r\n{body}").as_bytes(),
        );
        assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
        assert_eq!(TcpStream::connect(listen).is_ok(), enabled);
    }
}

#[test]
fn any_bytes_to_the_api_leave_it_working() {
    let api = Api::start(Exported {
        proxies: true,
        runtime: true,
    });
    let samples = [
        "POST /proxies HTTP/1.1\r\nContent-Length: 40\r\n\r\n{\"name\":\"a\",\"upstream\":\"u:1\",\"enabled\":0}",
        "POST /proxies/a/toxics HTTP/1.1\r\nContent-Length: 52\r\n\r\n{\"type\":\"latency\",\"attributes\":{\"latency\":-1}}      ",
        "PATCH /proxies/a%2F%00 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\nDELETE /proxies/a/toxics/b HTTP/1.1\r\n\r\n",
    ];
    let mut random = fastrand::Rng::with_seed(8);
    for _ in 0..2_000 {
        let mut bytes = samples[random.usize(..samples.len())].as_bytes().to_vec();
        for _ in 0..random.usize(..8) {
            let at = random.usize(..bytes.len());
            match random.u8(..3) {
                0 => bytes[at] = random.u8(..),
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, random.u8(..)),
            }
        }
        raw(&api, &bytes);
    }
    api.must("GET", "/metrics", "");
    api.must("POST", "/reset", "");
}
