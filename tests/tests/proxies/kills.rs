//! The program is killed: connections end on both sides, and nothing is left.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;

use rustix::process::Signal;

use crate::server::{Server, connect};

#[test]
fn a_killed_proxy_ends_its_connections_and_leaves_no_port() {
    for round in 0..20_u64 {
        let server = Server::start(&["-port", "0"]);
        let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = server.proxy("p", upstream.local_addr().unwrap());
        if round % 2 == 1 {
            let body = r#"{"type":"latency","stream":"upstream","attributes":{"latency":60000}}"#;
            assert_eq!(server.call("POST", "/proxies/p/toxics", body).0, 200);
        }
        let mut ends = Vec::new();
        for _ in 0..10 {
            let client = connect(proxy);
            let (accepted, _) = upstream.accept().unwrap();
            ends.extend([client, accepted]);
        }
        for end in &mut ends {
            end.write_all(b"on its way").unwrap();
        }
        let api = server.address;
        assert_eq!(server.end(Signal::KILL), Err(9));
        for mut end in ends {
            let mut rest = Vec::new();
            let ended = end.read_to_end(&mut rest).map_err(|error| error.kind());
            assert!(
                matches!(ended, Ok(_) | Err(ErrorKind::ConnectionReset)),
                "{ended:?}"
            );
        }
        for port in [proxy, api] {
            TcpListener::bind(port).unwrap();
        }
    }
}
