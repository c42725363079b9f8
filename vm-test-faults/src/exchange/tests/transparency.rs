//! Without a fault, both sides get the bytes that they would get without the proxy.

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex, split};

use super::scene::{Scene, Seen, rule, serve, soon, write_in_parts};
use crate::behavior::Dummy;
use crate::protocol::tcp::Tcp;

/// Requests of all kinds, the last of which ends the connection.
fn mixed_requests(random: &mut fastrand::Rng, count: usize) -> Vec<u8> {
    let mut requests = String::new();
    for number in 0..count {
        let kind = random.choice(["plain", "chunks", "none", "same"]).unwrap();
        let body = "b".repeat(random.usize(0..300));
        let length = body.len();
        requests += &match random.u8(0..5) {
            0 => format!("HEAD /{kind}/{number} HTTP/1.1\r\nHost: x\r\n\r\n"),
            1 => {
                format!("POST /{kind}/{number} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}")
            }
            2 => format!(
                "PUT /{kind}/{number} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n\
                 1;a=\"b\"\r\n!\r\n0\r\n\r\n"
            ),
            3 => format!(
                "POST /{kind}/{number} HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\
                 \r\nhi"
            ),
            _ => format!("GET /{kind}/{number}?q={number} HTTP/1.1\r\nHost: x\r\n\r\n"),
        };
    }
    requests += "GET /end HTTP/1.1\r\nConnection: close\r\n\r\n";
    requests.into_bytes()
}

/// Returns all that comes back when these bytes are sent in random parts.
async fn replies(stream: tokio::io::DuplexStream, requests: Vec<u8>, seed: u64) -> Vec<u8> {
    let (mut reader, mut writer) = split(stream);
    let sending = async move {
        let mut random = fastrand::Rng::with_seed(seed);
        write_in_parts(&mut writer, &requests, &mut random).await;
    };
    let mut replies = Vec::new();
    let (read, ()) = tokio::join!(reader.read_to_end(&mut replies), sending);
    read.unwrap();
    replies
}

#[tokio::test]
async fn http_of_all_kinds_passes_unchanged_however_it_is_cut() {
    for seed in 0..40 {
        let requests = mixed_requests(&mut fastrand::Rng::with_seed(seed), 40);
        let scene = Scene::new(vec![rule(Dummy)]);
        let direct = Seen::default();
        let (client, server) = duplex(512);
        tokio::spawn(serve(server, direct.clone(), None));
        let expected = soon(replies(client, requests.clone(), seed + 1)).await;

        let (server, their_server) = duplex(512);
        tokio::spawn(serve(their_server, scene.seen.clone(), Some(seed)));
        let (client, relay) = scene.relayed(server);
        let relayed = soon(replies(client, requests, seed + 2)).await;
        assert_eq!(
            String::from_utf8_lossy(&relayed),
            String::from_utf8_lossy(&expected),
            "seed {seed}"
        );
        soon(relay).await.unwrap().unwrap();
        assert_eq!(scene.seen().len(), 41, "seed {seed}");
        assert_eq!(scene.seen(), direct.lock().unwrap().clone());
        assert_eq!(scene.carrier.hits(), 0);
    }
}

#[tokio::test]
async fn a_million_bytes_pass_both_ways_and_each_side_may_end_first() {
    let scene = Scene::with(Tcp::new(), vec![rule(Dummy)]);
    for client_ends_first in [true, false] {
        let sent = crate::random::bytes(7, 1_000_000);
        let (server, their_server) = duplex(4_096);
        let (client, relay) = scene.relayed(server);
        let (mut server_reads, mut server_writes) = split(their_server);
        let (mut client_reads, mut client_writes) = split(client);
        let (mut there, mut back) = (Vec::new(), Vec::new());
        let (to_server, to_client) = (sent.clone(), sent.clone());
        let moving = async {
            tokio::join!(
                async {
                    client_writes.write_all(&to_server).await.unwrap();
                    if client_ends_first {
                        client_writes.shutdown().await.unwrap();
                    }
                },
                async {
                    server_writes.write_all(&to_client).await.unwrap();
                    if !client_ends_first {
                        server_writes.shutdown().await.unwrap();
                    }
                },
                async {
                    let mut taken = (&mut server_reads).take(1_000_000);
                    taken.read_to_end(&mut there).await.unwrap();
                },
                async {
                    let mut taken = (&mut client_reads).take(1_000_000);
                    taken.read_to_end(&mut back).await.unwrap();
                },
            )
        };
        soon(moving).await;
        assert!(there == sent && back == sent);
        if client_ends_first {
            assert_eq!(soon(server_reads.read(&mut [0])).await.unwrap(), 0);
            server_writes.write_all(b"bye").await.unwrap();
            server_writes.shutdown().await.unwrap();
            let mut rest = Vec::new();
            soon(client_reads.read_to_end(&mut rest)).await.unwrap();
            assert_eq!(rest, b"bye");
        } else {
            assert_eq!(soon(client_reads.read(&mut [0])).await.unwrap(), 0);
            client_writes.write_all(b"bye").await.unwrap();
            client_writes.shutdown().await.unwrap();
            let mut rest = Vec::new();
            soon(server_reads.read_to_end(&mut rest)).await.unwrap();
            assert_eq!(rest, b"bye");
        }
        soon(relay).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_upgrade_ends_what_is_understood() {
    let scene = Scene::new(vec![
        rule(crate::behavior::Blackout).which(crate::exchange::Which::Only(2)),
    ]);
    let (server, mut their_server) = duplex(4_096);
    let (mut client, _relay) = scene.relayed(server);
    let request = b"GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    client.write_all(request).await.unwrap();
    let mut read = vec![0; request.len()];
    soon(their_server.read_exact(&mut read)).await.unwrap();
    let reply = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi";
    their_server.write_all(reply).await.unwrap();
    let mut read = vec![0; reply.len()];
    soon(client.read_exact(&mut read)).await.unwrap();
    assert_eq!(read, reply);
    client
        .write_all(b"\x81\x82\0\r\n\r\nGET / x")
        .await
        .unwrap();
    let mut read = [0; 14];
    soon(their_server.read_exact(&mut read)).await.unwrap();
    assert_eq!(&read, b"\x81\x82\0\r\n\r\nGET / x");
    assert_eq!(scene.carrier.exchanges(), 1);
}

#[tokio::test]
async fn bytes_of_no_protocol_end_both_connections_and_are_told() {
    let scene = Scene::new(Vec::new());
    let (mut client, relay) = scene.connect();
    client.write_all(b"\x16\x03\x01\x02\x00").await.unwrap();
    let error = soon(relay).await.unwrap().unwrap_err().to_string();
    let expected = "the client does not speak http: not a request: it looks like TLS";
    assert_eq!(error, expected);
    assert_eq!(scene.carrier.violations(), [expected]);
    assert_eq!(soon(client.read(&mut [0])).await.unwrap(), 0);
    assert_eq!(scene.seen(), [""; 0]);
}

#[tokio::test]
async fn what_was_whole_before_bytes_of_no_protocol_still_arrives() {
    const GET: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
    const REPLY: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
    let scene = Scene::new(Vec::new());
    let (server, mut their_server) = duplex(4_096);
    let (mut client, relay) = scene.relayed(server);
    client.write_all(&GET.repeat(2)).await.unwrap();
    let mut read = vec![0; 2 * GET.len()];
    soon(their_server.read_exact(&mut read)).await.unwrap();
    let replies = [REPLY, b"this is no reply\r\n\r\n"].concat();
    their_server.write_all(&replies).await.unwrap();
    let mut read = Vec::new();
    soon(client.read_to_end(&mut read)).await.unwrap();
    assert_eq!(read, REPLY);
    assert!(soon(relay).await.unwrap().is_err());

    let (server, mut their_server) = duplex(4_096);
    let (mut client, relay) = scene.relayed(server);
    let requests = [GET, b"\x16\x03\x01\x02\x00"].concat();
    client.write_all(&requests).await.unwrap();
    let mut read = Vec::new();
    soon(their_server.read_to_end(&mut read)).await.unwrap();
    assert_eq!(read, GET);
    assert!(soon(relay).await.unwrap().is_err());
}
