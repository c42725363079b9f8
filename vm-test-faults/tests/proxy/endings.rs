//! What ends a proxy ends its connections: disabling, other addresses, removal, a drop.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use vm_test_faults::api::Exported;
use vm_test_faults::proxy::{Proxy, Setup};

use crate::client::Api;
use crate::flow::{connect, echo_server, exchange};

/// Returns a connection through the proxy that works.
fn working(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    assert_eq!(exchange(&mut stream, b"hello").unwrap(), b"hello");
    stream
}

fn assert_ends(mut stream: TcpStream) {
    let end = stream.read(&mut [0]);
    assert!(!matches!(end, Ok(1..)), "{end:?}");
    let timed_out = |error: &std::io::Error| error.kind() == std::io::ErrorKind::WouldBlock;
    assert!(!end.as_ref().is_err_and(timed_out), "{end:?}");
}

#[test]
fn a_disabled_proxy_has_no_connections_and_keeps_its_port_when_it_is_enabled_again() {
    let api = Api::start(Exported::default());
    let address = api.proxy("p", echo_server());
    let stream = working(address);
    api.must("PATCH", "/proxies/p", r#"{"enabled":false}"#);
    assert_ends(stream);
    assert!(TcpStream::connect(address).is_err());
    api.must("PATCH", "/proxies/p", r#"{"enabled":true}"#);
    working(address);
}

#[test]
fn another_upstream_drops_connections_and_the_same_one_does_not() {
    let api = Api::start(Exported::default());
    let (first, second) = (echo_server(), echo_server());
    let address = api.proxy("p", first);
    let mut stream = working(address);
    let body = format!(
        "{{\"listen\":\"localhost:{}\",\"upstream\":\"{first}\"}}",
        address.port()
    );
    api.must("PATCH", "/proxies/p", &body);
    exchange(&mut stream, b"still here").unwrap();
    api.must(
        "PATCH",
        "/proxies/p",
        &format!("{{\"upstream\":\"{second}\"}}"),
    );
    assert_ends(stream);
    working(address);
}

#[test]
fn a_removed_proxy_leaves_its_port_free_at_once() {
    let api = Api::start(Exported::default());
    let address = api.proxy("p", echo_server());
    let stream = working(address);
    api.must("DELETE", "/proxies/p", "");
    TcpListener::bind(address).unwrap();
    assert_ends(stream);
}

#[test]
fn a_server_that_cannot_be_reached_ends_the_connection() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let api = Api::start(Exported::default());
    let begin = Instant::now();
    assert_ends(connect(api.proxy("p", nobody)));
    assert!(begin.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_dropped_proxy_ends_its_connections() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let setup = Setup::new("", echo_server().to_string());
    let proxy = runtime.block_on(Proxy::start(setup)).unwrap();
    let stream = working(proxy.address());
    assert_eq!(proxy.traffic().open(), 1);
    drop(proxy);
    assert_ends(stream);
}
