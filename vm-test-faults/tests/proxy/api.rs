//! Every call of Toxiproxy's API, with the status, type and body of each of its replies.

use std::collections::HashSet;
use std::net::TcpListener;

use vm_test_faults::api::Exported;

use crate::client::{Api, call};

const JSON: &str = "application/json";
const PLAIN: &str = "text/plain; charset=utf-8";

/// The table of calls and replies.
const CALLS: &str = include_str!("calls.txt");

#[test]
fn every_call_is_answered_as_toxiproxy_answers_it() {
    let api = Api::start(Exported::default());
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let filled = |text: &str| text.replace("LISTEN", &free.to_string());
    let mut ids = HashSet::new();
    for row in CALLS.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = row.splitn(5, '|').map(str::trim).collect();
        let [call, body, status, kind, expected] = fields[..] else {
            panic!("not a row: {row}");
        };
        let (method, path) = call.split_once(' ').unwrap();
        let reply = api.call(method, path, &filled(body));
        let what = format!("{row}\n{reply:?}");
        assert_eq!(reply.status, status.parse::<u16>().unwrap(), "{what}");
        let (kind, end) = match kind {
            "json" => (Some(JSON), ""),
            "version" => (Some("application/json;charset=utf-8"), "\n"),
            "plain" => (Some(PLAIN), "\n"),
            _ => (None, ""),
        };
        assert_eq!(reply.body, filled(expected) + end, "{what}");
        assert_eq!(reply.header("content-type"), kind, "{what}");
        let id = reply.header("x-toxiproxy-request-id").expect(&what);
        assert!(id.len() == 20 && ids.insert(id.to_owned()), "{what}");
    }
    assert!(ids.len() > 60, "{} rows", ids.len());
}

#[test]
fn browsers_are_refused_and_everybody_else_is_not() {
    let api = Api::start(Exported::default());
    for (agent, status) in [
        ("Mozilla/5.0 (X11; Linux)", 403),
        ("curl/8 Mozilla/5.0", 200),
    ] {
        let reply = call(api.address, "GET", "/proxies", "", agent);
        assert_eq!(reply.status, status, "{agent}");
    }
    let reply = call(api.address, "GET", "/proxies", "", "Mozilla/5.0");
    assert_eq!(reply.body, "User agent not allowed\n");
}

#[test]
fn a_name_with_any_letters_is_found_by_its_encoded_path() {
    let api = Api::start(Exported::default());
    api.must(
        "POST",
        "/proxies",
        r#"{"name":"a/b \"ü\"","upstream":"u:1"}"#,
    );
    let reply = api.must("GET", "/proxies/a%2Fb%20%22%C3%BC%22", "");
    assert_eq!(reply.json()["name"], "a/b \"ü\"");
}

#[test]
fn a_port_of_0_becomes_the_real_one_and_is_of_the_loopback_address() {
    let api = Api::start(Exported::default());
    for listen in ["", ":0", "localhost:0", "127.0.0.1:0"] {
        let body =
            format!("{{\"name\":\"of {listen}\",\"listen\":\"{listen}\",\"upstream\":\"u:1\"}}");
        let reply = api.must("POST", "/proxies", &body).json();
        let listen = reply["listen"].as_str().unwrap();
        let port = listen.strip_prefix("127.0.0.1:").expect(listen);
        assert_ne!(port.parse::<u16>().unwrap(), 0);
    }
}

#[test]
fn a_request_that_is_too_large_is_refused_before_it_is_read_whole() {
    let api = Api::start(Exported::default());
    let body = format!("[{}]", " ".repeat(4 * 1024 * 1024));
    let reply = api.call("POST", "/populate", &body);
    assert_eq!(reply.status, 413, "{reply:?}");
}

#[test]
fn metrics_are_there_if_they_are_asked_for() {
    let api = Api::start(Exported {
        proxies: true,
        runtime: true,
    });
    let listen = api.proxy("m", "127.0.0.1:1".parse().unwrap());
    let page = api.must("GET", "/metrics", "");
    assert_eq!(
        page.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let line = format!(
        "toxiproxy_proxy_received_bytes_total{{direction=\"upstream\",listener=\"{listen}\",\
         proxy=\"m\",upstream=\"127.0.0.1:1\"}} 0\n"
    );
    assert!(page.body.contains(&line), "{}", page.body);
    for metric in ["process_open_fds ", "process_resident_memory_bytes "] {
        let line = page.body.lines().find_map(|line| line.strip_prefix(metric));
        let value: f64 = line.expect(&page.body).parse().unwrap();
        assert!(value > 0.0, "{metric}{value}");
    }
}
