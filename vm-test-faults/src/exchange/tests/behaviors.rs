//! What each behavior does to a client and to the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex, split};
use tokio::time::{Instant, timeout};

use super::scene::{Replies, Scene, rule, soon};
use crate::behavior::{
    Abort, Action, Behavior, Blackout, Delay, Error, ErrorOptions, Exchange, Hang, Hook, Transient,
};
use crate::exchange::{Outcome, Which};
use crate::protocol::tcp::Tcp;

const TWO: &[u8] = b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_delay_holds_back_the_request_or_the_reply() {
    for before in [true, false] {
        let delay = Delay {
            sleep: Duration::from_millis(300),
            before,
        };
        let scene = Scene::new(vec![rule(delay)]);
        let (mut client, _relay) = scene.connect();
        let begin = Instant::now();
        client.write_all(b"GET /1 HTTP/1.1\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(scene.seen().is_empty(), before);
        let reply = Replies::new(&mut client).next().await.unwrap();
        assert_eq!(reply.status, 200);
        let waited = begin.elapsed().as_millis();
        assert!((300..400).contains(&waited), "{waited}");
        tokio::task::yield_now().await;
        assert_eq!(scene.carrier.hits(), 1);
        assert_eq!(scene.carrier.events()[0].outcome, Outcome::Passed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hanging_exchange_lets_earlier_replies_through_and_ends_with_the_client() {
    let scene = Scene::new(vec![rule(Hang).which(Which::Only(2))]);
    let (client, relay) = scene.connect();
    let (reader, mut writer) = split(client);
    writer.write_all(TWO).await.unwrap();
    let mut replies = Replies::new(reader);
    assert_eq!(replies.next().await.unwrap().status, 200);
    let hour = Duration::from_secs(3_600);
    assert!(timeout(hour, replies.next()).await.is_err());
    assert_eq!(scene.seen(), ["/1"]);
    assert_eq!(scene.carrier.events()[0].outcome, Outcome::Hung);
    writer.shutdown().await.unwrap();
    soon(relay).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_blackout_closes_before_the_server_sees_anything_and_an_abort_behind() {
    let scene = Scene::new(vec![rule(Blackout).which(Which::Only(2))]);
    let (mut client, relay) = scene.connect();
    client.write_all(b"GET /1 HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(Replies::new(&mut client).next().await.unwrap().status, 200);
    client.write_all(b"GET /2 HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(soon(client.read(&mut [0])).await.unwrap(), 0);
    soon(relay).await.unwrap().unwrap();
    assert_eq!(scene.seen(), ["/1"]);

    let scene = Scene::new(vec![rule(Abort).which(Which::Only(2))]);
    let (server, mut their_server) = duplex(4_096);
    let (mut client, relay) = scene.relayed(server);
    client.write_all(TWO).await.unwrap();
    let mut seen = vec![0; TWO.len()];
    soon(their_server.read_exact(&mut seen)).await.unwrap();
    let reply = b"HTTP/1.1 204 No Content\r\n\r\n";
    their_server.write_all(reply).await.unwrap();
    let mut read = Vec::new();
    soon(client.read_to_end(&mut read)).await.unwrap();
    assert_eq!(read, reply, "the first reply, and nothing of the second");
    soon(relay).await.unwrap().unwrap();
    assert_eq!(scene.carrier.events()[0].outcome, Outcome::Closed);
}

#[tokio::test]
async fn errors_begin_behind_the_warmup_and_transient_ones_end() {
    let warm = |warmup| ErrorOptions {
        warmup,
        ..ErrorOptions::default()
    };
    let transient = Transient::new(3, warm(1));
    for (rule, expected) in [
        (
            rule(Error::new(warm(2))),
            [false, false, true, true, true, true],
        ),
        (rule(transient), [false, true, true, true, false, false]),
    ] {
        let scene = Scene::new(vec![rule]);
        let (mut client, _relay) = scene.connect();
        for fails in expected {
            client.write_all(b"GET /1 HTTP/1.1\r\n\r\n").await.unwrap();
            let reply = soon(Replies::new(&mut client).next()).await.unwrap();
            assert_eq!((500..=503).contains(&reply.status), fails, "{reply:?}");
        }
        let failures = expected.iter().filter(|fails| **fails).count();
        assert_eq!(scene.carrier.hits(), failures as u64);
    }
}

#[tokio::test]
async fn errors_of_tcp_are_random_bytes_alone_or_inside_of_a_reply() {
    let scene = Scene::with(Tcp::new(), vec![rule(Error::default())]);
    let (server, _their_server) = duplex(4_096);
    let (mut client, _relay) = scene.relayed(server);
    client.write_all(b"hello").await.unwrap();
    soon(client.read_exact(&mut [0; 1_000])).await.unwrap();

    let inject = ErrorOptions {
        inject: true,
        ..ErrorOptions::default()
    };
    let scene = Scene::with(Tcp::new(), vec![rule(Error::new(inject))]);
    let (server, mut their_server) = duplex(4_096);
    let (mut client, _relay) = scene.relayed(server);
    client.write_all(b"hello").await.unwrap();
    soon(their_server.read_exact(&mut [0; 5])).await.unwrap();
    their_server.write_all(b"world!").await.unwrap();
    let mut reply = [0; 106];
    soon(client.read_exact(&mut reply)).await.unwrap();
    assert_eq!(&reply[..3], b"wor");
    assert_eq!(&reply[103..], b"ld!");
    assert_eq!(scene.carrier.events()[0].outcome, Outcome::Damaged);
}

/// Counts the calls of its hooks.
#[derive(Default)]
struct Counter([AtomicU64; 3]);

impl Counter {
    fn count(&self, at: usize) -> Hook<'_> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.0[at].fetch_add(1, Ordering::Relaxed);
            Action::PassOn
        })
    }
}

impl Behavior for Arc<Counter> {
    fn name(&self) -> &str {
        "counter"
    }

    fn before<'a>(&'a self, _exchange: &'a Exchange) -> Hook<'a> {
        self.count(0)
    }

    fn between<'a>(&'a self, _exchange: &'a Exchange) -> Hook<'a> {
        self.count(1)
    }

    fn after<'a>(&'a self, _exchange: &'a Exchange) -> Hook<'a> {
        self.count(2)
    }
}

#[tokio::test]
async fn the_hooks_of_ones_own_behavior_are_called_once_for_each_exchange() {
    let counter = Arc::new(Counter::default());
    let scene = Scene::new(vec![rule(Arc::clone(&counter))]);
    let (mut client, _relay) = scene.connect();
    client.write_all(&TWO.repeat(50)).await.unwrap();
    let mut replies = Replies::new(&mut client);
    for _ in 0..100 {
        assert_eq!(soon(replies.next()).await.unwrap().status, 200);
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    let calls: Vec<u64> = counter
        .0
        .iter()
        .map(|it| it.load(Ordering::Relaxed))
        .collect();
    assert_eq!(calls, [100, 100, 100]);
}

#[tokio::test]
async fn an_error_that_cannot_be_said_here_is_no_hit_and_an_unknown_one_is_refused_at_once() {
    let scene = Scene::new(vec![rule(Error::with("truncated"))]);
    let (mut client, _relay) = scene.connect();
    client
        .write_all(b"HEAD /1 HTTP/1.1\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut reply = String::new();
    soon(client.read_to_string(&mut reply)).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 OK"), "{reply}");
    assert_eq!(scene.carrier.hits(), 0);
    let outcome = &scene.carrier.events()[0].outcome;
    assert!(matches!(outcome, Outcome::Refused(why) if why.contains("no body")));

    let unknown = scene.carrier.set_rules(vec![rule(Error::with("505"))]);
    let unknown = unknown.unwrap_err().to_string();
    assert!(unknown.contains("hint: did you mean 50"), "{unknown}");
}
