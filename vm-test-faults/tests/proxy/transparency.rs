//! No byte is lost, doubled or moved, whatever happens to the toxics meanwhile; ends are passed on.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use vm_test_faults::api::Exported;
use vm_test_faults::proxy::{Proxy, Setup};
use vm_test_faults::toxic::{Direction, Kind, Toxic, Toxics};

use crate::client::Api;
use crate::flow::{connect, echo_server, random, server};

/// Sends bytes both ways at once, over and over until it is told to stop; returns how often.
fn pump(address: SocketAddr, bytes: &[u8], stop: &AtomicBool) -> usize {
    let mut rounds = 0;
    loop {
        let stream = connect(address);
        thread::scope(|scope| {
            let mut writer = &stream;
            scope.spawn(move || {
                writer.write_all(bytes).unwrap();
                stream_end(writer);
            });
            let mut back = Vec::new();
            (&stream).read_to_end(&mut back).unwrap();
            assert_eq!(back.len(), bytes.len());
            assert!(back == bytes, "bytes have changed");
        });
        rounds += 1;
        if stop.load(Ordering::Relaxed) {
            return rounds;
        }
    }
}

fn stream_end(stream: &std::net::TcpStream) {
    stream.shutdown(Shutdown::Write).unwrap();
}

/// A kind of toxic that loses nothing.
fn harmless(random: &mut fastrand::Rng) -> Kind {
    match random.u8(..6) {
        0 => Kind::Latency {
            latency: random.i64(0..10),
            jitter: random.i64(0..5),
        },
        1 => Kind::Bandwidth {
            rate: random.i64(1_000..1_000_000),
        },
        2 => Kind::Slicer {
            average_size: random.i64(1..2_000),
            size_variation: random.i64(0..500),
            delay: random.i64(0..3),
        },
        3 => Kind::SlowClose {
            delay: random.i64(0..10),
        },
        4 => Kind::LimitData { bytes: i64::MAX },
        _ => Kind::Noop,
    }
}

/// Adds, changes and removes toxics that lose nothing.
fn meddle(toxics: &Toxics, changes: usize) {
    let mut random = fastrand::Rng::with_seed(7);
    for number in 0..changes {
        let direction = if random.bool() {
            Direction::Upstream
        } else {
            Direction::Downstream
        };
        let toxic = Toxic {
            name: number.to_string(),
            toxicity: 0.8,
            ..Toxic::new(harmless(&mut random), direction)
        };
        toxics.add(toxic).unwrap();
        let all = toxics.all();
        let any = all[random.usize(..all.len())].name.clone();
        let longer = random.i64(0..10);
        let change = |toxic: &mut Toxic| {
            if let Kind::Latency { latency, .. } = &mut toxic.kind {
                *latency = longer;
            }
            Ok::<_, vm_test_faults::toxic::ToxicError>(())
        };
        toxics.update(&any, change).unwrap();
        if all.len() > 4 {
            toxics.remove(&any).unwrap();
        }
        thread::sleep(Duration::from_micros(random.u64(..2_000)));
    }
    toxics.reset();
}

#[test]
fn no_byte_of_a_million_is_lost_or_doubled_while_toxics_come_and_go() {
    let is_full = std::env::var_os("VM_TEST_FULL").is_some();
    let changes = if is_full { 10_000 } else { 400 };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let setup = Setup::new("localhost:0", echo_server().to_string());
    let proxy = runtime.block_on(Proxy::start(setup)).unwrap();
    let address = proxy.address();
    let bytes = Arc::new(random(1_000_000, 1));
    let stop = Arc::new(AtomicBool::new(false));
    let pumps: Vec<_> = (0..3)
        .map(|_| {
            let (bytes, stop) = (Arc::clone(&bytes), Arc::clone(&stop));
            thread::spawn(move || pump(address, &bytes, &stop))
        })
        .collect();
    meddle(proxy.toxics(), changes);
    stop.store(true, Ordering::Relaxed);
    let rounds: usize = pumps.into_iter().map(|pump| pump.join().unwrap()).sum();
    eprintln!("{changes} changes, {rounds} times 1,000,000 bytes both ways");
    for direction in [Direction::Upstream, Direction::Downstream] {
        let sent = proxy.traffic().sent(direction);
        assert_eq!(sent, rounds as u64 * 1_000_000);
        assert_eq!(proxy.traffic().received(direction), sent);
    }
    runtime.block_on(proxy.stop());
}

#[test]
fn a_million_bytes_pass_a_slicer_of_average_size_1() {
    let api = Api::start(Exported::default());
    let address = api.proxy("p", echo_server());
    for stream in ["upstream", "downstream"] {
        let attributes = r#""attributes":{"average_size":1}"#;
        let body = format!("{{\"type\":\"slicer\",\"stream\":\"{stream}\",{attributes}}}");
        api.must("POST", "/proxies/p/toxics", &body);
    }
    assert_eq!(
        pump(address, &random(1_000_000, 2), &AtomicBool::new(true)),
        1
    );
}

#[test]
fn one_side_may_end_before_the_other() {
    let api = Api::start(Exported::default());
    let upstream = server(|mut stream| {
        // It answers only when it has everything.
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        stream.write_all(&bytes).unwrap();
    });
    let address = api.proxy("p", upstream);
    let bytes = random(300_000, 3);
    assert_eq!(pump(address, &bytes, &AtomicBool::new(true)), 1);
}

#[test]
fn what_a_server_said_before_it_reset_the_connection_still_arrives() {
    let api = Api::start(Exported::default());
    let upstream = server(|mut stream| {
        // It does not read what the client sends: closing the connection resets it.
        stream.write_all(b"refused").unwrap();
        thread::sleep(Duration::from_millis(100));
    });
    let mut stream = connect(api.proxy("p", upstream));
    stream.write_all(&[1; 1000]).unwrap();
    let mut said = [0; 7];
    stream.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"refused");
    let begin = Instant::now();
    let end = stream.read(&mut [0]);
    assert!(!matches!(end, Ok(1..)), "{end:?}");
    assert!(begin.elapsed() < Duration::from_secs(2));
}
