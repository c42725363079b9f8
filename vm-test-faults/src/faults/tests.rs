//! Proxies as tests use them, over sockets, with and without a runtime of the test's own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Faults, Plan};
use crate::behavior::{Action, Behavior, Exchange, Hook};
use crate::exchange::Outcome;
use crate::toxic::{Direction, Kind};

/// Answers each request that ends with an empty line, and counts them.
fn server() -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let seen = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, count) = (stream.unwrap(), Arc::clone(&count));
            thread::spawn(move || {
                let mut head = Vec::new();
                while stream.read(&mut [0; 1]).is_ok_and(|read| read == 1) {
                    head.push(0);
                    // All requests of these tests are of the same length.
                    if head.len() == REQUEST.len() {
                        head.clear();
                        count.fetch_add(1, Ordering::Relaxed);
                        let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
                        if stream.write_all(reply).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    (address, seen)
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// Returns the status of the next reply, whose body has the length that it says.
fn call(stream: &mut TcpStream) -> u16 {
    stream.write_all(REQUEST).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.split("Content-Length: ").nth(1).unwrap();
    let length = length.split('\r').next().unwrap().parse().unwrap();
    stream.read_exact(&mut vec![0; length]).unwrap();
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    stream
}

#[test]
fn a_fifth_of_the_calls_fails_and_all_is_gone_when_the_proxy_is_dropped() {
    let (upstream, seen) = server();
    let faults = Faults::new().unwrap();
    let web = faults.http(upstream).error("503").percent(20).seed(7);
    let web = web.start().unwrap();
    let mut stream = connect(web.address());
    let statuses: Vec<u16> = (0..1_000).map(|_| call(&mut stream)).collect();
    let failed = statuses.iter().filter(|status| **status == 503).count() as u64;
    assert!((160..=240).contains(&failed), "{failed}");
    assert_eq!(web.hits(), failed);
    assert_eq!(seen.load(Ordering::Relaxed), 1_000 - failed);
    assert_eq!(web.exchanges(), 1_000);
    let address = web.address();
    drop(web);
    assert_eq!(stream.read(&mut [0]).unwrap_or_default(), 0);
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn an_async_test_may_start_and_drop_proxies_and_their_threads() {
    let (upstream, _) = server();
    let faults = Faults::new().unwrap();
    let web = faults
        .http(upstream)
        .delay(Duration::from_millis(50))
        .only(2);
    let web = web.start().unwrap();
    drop(faults);
    let address = web.address();
    let times = tokio::task::spawn_blocking(move || {
        let mut stream = connect(address);
        [(); 3].map(|()| {
            let begin = Instant::now();
            assert_eq!(call(&mut stream), 200);
            begin.elapsed() >= Duration::from_millis(50)
        })
    });
    assert!(times.await.unwrap()[1]);
    assert_eq!(web.hits(), 1);
    drop(web);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn faults_may_be_replaced_for_the_time_of_a_closure() {
    let (upstream, _) = server();
    let faults = Faults::new().unwrap();
    let web = faults.http(&upstream).error("500").on("POST");
    let statuses = web.with(|web| {
        let mut stream = connect(web.address());
        let before = call(&mut stream);
        let plan = Plan::new().error_with_text("429", "slow down").first(1);
        let within = web.during(plan, || [call(&mut stream), call(&mut stream)]);
        assert_eq!(within.unwrap(), [429, 200]);
        let events = web.events();
        assert_eq!(events[0].outcome, Outcome::Answered("429".to_owned()));
        let panics =
            std::panic::AssertUnwindSafe(|| web.during(Plan::new().hang(), || panic!("within")));
        assert!(std::panic::catch_unwind(panics).is_err());
        [before, call(&mut stream)]
    });
    assert_eq!(statuses.unwrap(), [200, 200]);
}

#[test]
fn what_makes_no_sense_is_refused_with_a_hint() {
    let faults = Faults::new().unwrap();
    let told = |setup: super::FaultSetup| setup.start().unwrap_err().to_string();
    let unknown = told(faults.http("web:80").error("530"));
    let expected = "cannot use the proxy before web:80: cannot answer with 530: HTTP knows no such \
                    error\nhint: did you mean 50";
    assert!(unknown.starts_with(expected), "{unknown}");
    assert!(unknown.ends_with("429, truncated, bad-chunk"), "{unknown}");
    assert!(told(faults.http("web:80").first(2)).contains("hint: name the fault first"));
    assert!(told(faults.http("web").hang()).contains("has no port"));
    assert!(told(faults.tcp("web:80").hang().percent(101)).contains("from 0 to 100"));
    assert!(told(faults.tcp("web:80").hang().only(0)).contains("only(1)"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    assert!(told(faults.tcp("web:80").listen(taken)).contains("address already in use"));
}

/// Answers each second exchange as its own code says.
struct Teapot(AtomicU64);

impl Behavior for Teapot {
    fn name(&self) -> &str {
        "teapot"
    }

    fn before<'a>(&'a self, exchange: &'a Exchange) -> Hook<'a> {
        Box::pin(async move {
            assert_eq!(exchange.request.name, "GET /");
            match self.0.fetch_add(1, Ordering::Relaxed) % 2 {
                0 => Action::Ignore,
                _ => Action::Answer(crate::protocol::Fault {
                    code: "504".to_owned(),
                    text: None,
                }),
            }
        })
    }
}

#[test]
fn a_behavior_of_ones_own_and_a_toxic_act_together() {
    let (upstream, _) = server();
    let faults = Faults::new().unwrap();
    let slicer = Kind::Slicer {
        average_size: 1,
        size_variation: 0,
        delay: 0,
    };
    let web = faults
        .http(upstream)
        .behavior(Teapot(AtomicU64::new(0)))
        .toxic(slicer.clone(), Direction::Upstream)
        .toxic(slicer, Direction::Downstream);
    let web = web.start().unwrap();
    let mut stream = connect(web.address());
    let statuses: Vec<u16> = (0..6).map(|_| call(&mut stream)).collect();
    assert_eq!(statuses, [200, 504, 200, 504, 200, 504]);
    assert_eq!(web.hits(), 3);
}
