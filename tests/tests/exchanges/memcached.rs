//! pymemcache and python-binary-memcached against memcached: each error as its exception, in both
//! protocols, and everything else as without errors.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use vm_test_faults::exchange::{NamePattern, Rule, Which};
use vm_test_faults::protocol::Protocol;
use vm_test_faults::protocol::memcache::Memcache;

use crate::namespace::is_inside;
use crate::proxy::{FaultProxy, error, loopback};
use crate::python::Python;
use crate::server::Server;

const PORT: u16 = 11211;

/// The commands that may fail, in both protocols: all that the clients send but for `getkq`,
/// `noop` and `stat`. When one of these fails, python-binary-memcached leaves replies unread, or
/// waits for more.
const FALLIBLE: &[&str] = &[
    "set",
    "setq",
    "get",
    "gets",
    "add",
    "cas",
    "delete",
    "touch",
    "stats",
    "version",
    "increment",
];

#[test]
fn each_error_of_memcached_is_the_right_exception_and_the_next_call_works() {
    let python = Python::new();
    if !is_inside(
        "memcached::each_error_of_memcached_is_the_right_exception_and_the_next_call_works",
    ) {
        return;
    }
    let _server = Server::memcached(PORT);
    let mut proxies = Vec::new();
    let mut arguments = Vec::new();
    for known in Memcache::new().known_faults() {
        let rule = Rule::new(error(known.code, None))
            .on(NamePattern::new("set"))
            .which(Which::Every(2));
        let proxy = FaultProxy::new(Memcache::new(), vec![rule], PORT);
        arguments.push(format!("{} {}", proxy.listen(0), known.code));
        proxies.push(proxy);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    python.script("memcached_errors.py", &arguments);
    for proxy in proxies {
        // Three in each of the two protocols.
        proxy.wait_for_hits(6);
        assert_eq!(proxy.violations(), [""; 0]);
    }
}

#[test]
fn a_thousand_mixed_calls_of_both_clients_meet_their_errors_and_nothing_else() {
    let python = Python::new();
    if !is_inside(
        "memcached::a_thousand_mixed_calls_of_both_clients_meet_their_errors_and_nothing_else",
    ) {
        return;
    }
    let _server = Server::memcached(PORT);
    let rules = FALLIBLE.iter().map(|name| {
        let fifth = [(20.0, error("SERVER_ERROR", None))];
        Rule::by_percent(fifth).on(NamePattern::new(*name)).seed(7)
    });
    let mut proxy = FaultProxy::new(Memcache::new(), rules.collect(), PORT);
    let port = proxy.listen(0).to_string();
    python.script("memcached_mixed.py", &[&port, &PORT.to_string(), "100000"]);
    proxy.slice_to_server();
    proxy.listen_sliced(7777);
    python.script("memcached_mixed.py", &["7777", &PORT.to_string(), "2000"]);
    assert_eq!(proxy.violations(), [""; 0]);
    let hits = proxy.carrier.hits();
    assert!(hits > 300, "{hits}");
}

/// Sends `request` and reads until `end`.
fn ask(connection: &mut TcpStream, request: &str, end: &str) -> String {
    connection.write_all(request.as_bytes()).unwrap();
    let mut reply = Vec::new();
    while !reply.ends_with(end.as_bytes()) {
        let mut part = [0; 4096];
        let length = connection.read(&mut part).unwrap();
        assert!(length > 0, "{:?}", String::from_utf8_lossy(&reply));
        reply.extend_from_slice(&part[..length]);
    }
    String::from_utf8(reply).unwrap()
}

fn connect(port: u16) -> TcpStream {
    let connection = TcpStream::connect(loopback(port)).unwrap();
    connection
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    connection
}

#[test]
fn pipelines_with_noreply_and_quiet_commands_stay_in_step() {
    if !is_inside("memcached::pipelines_with_noreply_and_quiet_commands_stay_in_step") {
        return;
    }
    let _server = Server::memcached(PORT);
    let rule = Rule::new(error("SERVER_ERROR", Some("injected")))
        .on(NamePattern::new("set"))
        .which(Which::Every(3));
    let proxy = FaultProxy::new(Memcache::new(), vec![rule], PORT);
    let mut client = connect(proxy.listen(0));
    // Every third `set` fails: those with noreply say nothing, and are not done.
    let mut commands = String::new();
    let mut wanted = String::new();
    for number in 1..=100 {
        let noreply = if number % 2 == 0 { " noreply" } else { "" };
        commands += &format!("set k{number} 0 0 5{noreply}\r\nget x\r\nget k{number}\r\n");
        let fails = number % 3 == 0;
        wanted += match (noreply.is_empty(), fails) {
            (false, _) => "",
            (true, false) => "STORED\r\n",
            (true, true) => "SERVER_ERROR injected\r\n",
        };
        if !fails {
            wanted += &format!("VALUE k{number} 0 5\r\nget x\r\n");
        }
        wanted += "END\r\n";
    }
    commands += "mn\r\n";
    let replies = ask(&mut client, &commands, "MN\r\n");
    assert_eq!(replies, format!("{wanted}MN\r\n"));
    assert_eq!(proxy.carrier.hits(), 33);
    assert_eq!(proxy.violations(), [""; 0]);
}

#[test]
fn quiet_meta_commands_get_the_errors_that_memcached_gives_them() {
    if !is_inside("memcached::quiet_meta_commands_get_the_errors_that_memcached_gives_them") {
        return;
    }
    let _server = Server::memcached(PORT);
    // Memcached's own behavior: an error is told, however quiet the command.
    let large = format!("ms a 2000000 q\r\n{}\r\nmn\r\n", "x".repeat(2_000_000));
    let told = ask(&mut connect(PORT), &large, "MN\r\n");
    assert_eq!(told, "SERVER_ERROR object too large for cache\r\nMN\r\n");

    let rule = Rule::new(error("SERVER_ERROR", None))
        .on(NamePattern::new("ms"))
        .which(Which::Only(2));
    let proxy = FaultProxy::new(Memcache::new(), vec![rule], PORT);
    let mut client = connect(proxy.listen(0));
    let commands = "ms a 1 q\r\n1\r\nms b 1 q\r\n2\r\nms c 1 q\r\n3\r\nmn\r\n";
    let told = ask(&mut client, commands, "MN\r\n");
    assert_eq!(told, "SERVER_ERROR out of memory storing object\r\nMN\r\n");
    let commands = "mg a v q O1\r\nmg b v q O2\r\nmg c v q O3\r\nmg c v k\r\nmn\r\n";
    let told = ask(&mut client, commands, "MN\r\n");
    assert_eq!(
        told,
        "VA 1 O1\r\n1\r\nVA 1 O3\r\n3\r\nVA 1 kc\r\n3\r\nMN\r\n"
    );
    let told = ask(&mut client, "mg b v\r\nmn\r\n", "MN\r\n");
    assert_eq!(told, "EN\r\nMN\r\n");
    assert_eq!(proxy.violations(), [""; 0]);
}
