//! The options and their file, and the API over a socket as Vaurien's clients use it.

use std::io::Write;
use std::net::UdpSocket;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Options, Program, TABLE};
use crate::log::Log;

#[test]
fn every_option_of_the_table_can_be_set_and_no_other() {
    let mut options = Options::default();
    for row in TABLE {
        let value = if row.is_flag { "true" } else { "1" };
        let set = options.set(row.section, row.key, value);
        assert!(set.is_ok(), "{}: {set:?}", row.name);
    }
    for (section, key) in [
        ("vaurien", "colour"),
        ("statsd", "colour"),
        ("behavior:colour", "sleep"),
        ("behavior:delay", "callable"),
        ("protocol:http", "overwrite_host_header"),
        ("colour", "x"),
    ] {
        let refused = options.set(section, key, "true").unwrap_err();
        let text = refused.to_string();
        assert!(
            text.starts_with(&format!("cannot use {section}.{key}: ")),
            "{text}"
        );
    }
}

#[test]
fn a_file_says_more_than_the_command_line() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let text = "[vaurien]\nproxy = 0.0.0.0:8181\nbackend = 0.0.0.0:8080\nbehavior = 100:hang\n\
                [behavior:delay]\nsleep = 2\n";
    file.write_all(text.as_bytes()).unwrap();
    let mut options = Options::default();
    options.set("vaurien", "proxy", "localhost:1").unwrap();
    options.set("vaurien", "http_port", "2").unwrap();
    options.read_file(file.path()).unwrap();
    assert_eq!(options.proxy, "0.0.0.0:8181");
    assert_eq!(options.backend, "0.0.0.0:8080");
    assert_eq!(options.behavior, "100:hang");
    assert_eq!(options.http_port, 2);
    assert_eq!(options.settings["delay"]["sleep"], "2");
    let missing = options.read_file("none/such".as_ref()).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read none/such: "));
}

/// Answers everything with its name.
async fn backend(name: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut read = [0; 4_096];
                while stream.read(&mut read).await.is_ok_and(|read| read > 0) {
                    let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{name}");
                    if stream.write_all(reply.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// Returns the status and the body of a reply.
async fn call(address: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\
         \r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut reply = String::new();
    // A backend that stays is left behind the first byte of its body.
    let mut byte = [0];
    while stream.read(&mut byte).await.is_ok_and(|read| read == 1) {
        reply.push(char::from(byte[0]));
        let Some((head, body)) = reply.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap();
        let length: usize = length.lines().next().unwrap().parse().unwrap();
        if body.len() == length {
            break;
        }
    }
    let status = reply.split(' ').nth(1).map_or(0, |it| it.parse().unwrap());
    let body = reply.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, body.to_owned())
}

async fn api(program: &Program, method: &str, path: &str, body: &str) -> (u16, Value) {
    let address = program.api_address().unwrap().to_string();
    let (status, body) = call(&address, method, path, body).await;
    (status, serde_json::from_str(&body).unwrap())
}

fn options(backend: String) -> Options {
    Options {
        proxy: "127.0.0.1:0".to_owned(),
        backend,
        protocol: "http".to_owned(),
        http: true,
        http_host: "127.0.0.1".to_owned(),
        http_port: 0,
        ..Options::default()
    }
}

#[tokio::test]
async fn the_behavior_and_the_backend_are_changed_by_the_api() {
    let program = Program::start(options(backend("a").await), Log::silent());
    let program = program.await.unwrap();
    let proxy = program.address().await;
    let ask = async || call(&proxy, "GET", "/", "").await;
    assert_eq!(ask().await, (200, "a".to_owned()));
    let (_, present) = api(&program, "GET", "/behavior", "").await;
    assert_eq!(present, json!({"behavior": "dummy"}));
    let (_, known) = api(&program, "GET", "/behaviors", "").await;
    assert_eq!(known["behaviors"].as_array().unwrap().len(), 7);

    let wanted = r#"{"name": "error", "code": "502"}"#;
    let ok = (200, json!({"status": "ok"}));
    assert_eq!(api(&program, "PUT", "/behavior", wanted).await, ok);
    assert_eq!(ask().await.0, 502);
    let (_, present) = api(&program, "GET", "/behavior", "").await;
    assert_eq!(present, json!({"behavior": "error"}));
    let wanted = r#"{"name": "blackout"}"#;
    assert_eq!(api(&program, "PUT", "/behavior", wanted).await, ok);
    assert_eq!(ask().await.0, 0);
    let wanted = r#"{"name": "dummy"}"#;
    assert_eq!(api(&program, "PUT", "/behavior", wanted).await, ok);

    let other = backend("b").await;
    let wanted = json!({ "backend": other }).to_string();
    assert_eq!(api(&program, "PUT", "/backend", &wanted).await, ok);
    let (_, present) = api(&program, "GET", "/backend", "").await;
    assert_eq!(present, json!({ "backend": other }));
    assert_eq!(ask().await, (200, "b".to_owned()));
    program.stop().await;
    assert!(TcpStream::connect(proxy).await.is_err());
}

#[tokio::test]
async fn calls_of_the_api_that_make_no_sense_are_refused_in_vauriens_words() {
    let program = Program::start(options(backend("a").await), Log::silent());
    let program = program.await.unwrap();
    for (path, body, told) in [
        ("/behavior", "{", "the value is not a valid json object"),
        ("/behavior", "{}", "the value should contain a \"name\" key"),
        (
            "/behavior",
            r#"{"name": "x"}"#,
            "the 'x' behavior does not exist",
        ),
        (
            "/behavior",
            r#"{"name": "delay", "slep": 1}"#,
            "has no option slep",
        ),
        (
            "/behavior",
            r#"{"name": "error", "code": 999}"#,
            "cannot answer with 999",
        ),
        (
            "/backend",
            "{}",
            "the value should contain a \"backend\" key",
        ),
        ("/backend", r#"{"backend": "x"}"#, "Expected HOST:PORT: 'x'"),
    ] {
        let (status, reply) = api(&program, "PUT", path, body).await;
        assert_eq!(status, 400, "{body}");
        assert_eq!(reply["status"], "error");
        let description = reply["errors"][0]["description"].as_str().unwrap();
        assert!(description.contains(told), "{body}: {description}");
    }
    assert_eq!(api(&program, "GET", "/none", "").await.0, 404);
    assert_eq!(api(&program, "DELETE", "/behavior", "").await.0, 405);
    let (_, present) = api(&program, "GET", "/behavior", "").await;
    assert_eq!(present, json!({"behavior": "dummy"}));
}

#[tokio::test]
async fn statsd_counts_connections_requests_and_replies_under_one_name() {
    let statsd = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = statsd.local_addr().unwrap().port().to_string();
    let mut options = options(backend("a").await);
    for (key, value) in [("enabled", "true"), ("host", "127.0.0.1"), ("port", &*port)] {
        options.set("statsd", key, value).unwrap();
    }
    let program = Program::start(options, Log::silent()).await.unwrap();
    let proxy = program.address().await;
    assert_eq!(call(&proxy, "GET", "/", "").await.0, 200);
    program.stop().await;
    let timeout = std::time::Duration::from_secs(10);
    statsd.set_read_timeout(Some(timeout)).unwrap();
    let mut names = Vec::new();
    for what in ["start", "to_backend", "to_client", "end"] {
        let mut line = [0; 200];
        let length = statsd.recv(&mut line).unwrap();
        let line = String::from_utf8_lossy(&line[..length]).into_owned();
        let name = line.strip_prefix("vaurien.http.").unwrap();
        let name = name.strip_suffix(&format!(".{what}:1|c"));
        let name = name.unwrap_or_else(|| panic!("{line} is not {what}"));
        assert_eq!(name.len(), 36, "{line}");
        names.push(name.to_owned());
    }
    names.dedup();
    assert_eq!(names.len(), 1);
}

#[tokio::test]
async fn options_that_make_no_sense_do_not_start() {
    let told = async |change: fn(&mut Options)| {
        let mut options = options("127.0.0.1:1".to_owned());
        change(&mut options);
        let program = Program::start(options, Log::silent()).await;
        program.unwrap_err().to_string()
    };
    let behavior = told(|it| it.behavior = "60:hang,50:delay".to_owned()).await;
    assert!(
        behavior.starts_with("cannot use behavior: the percentages are 110"),
        "{behavior}"
    );
    let behavior = told(|it| it.behavior = "60:hagn".to_owned()).await;
    assert!(behavior.contains("Pick one of"), "{behavior}");
    let protocol = told(|it| it.protocol = "gopher".to_owned()).await;
    assert!(
        protocol.contains("hint: it is one of tcp, http"),
        "{protocol}"
    );
}
