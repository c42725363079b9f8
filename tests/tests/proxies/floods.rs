//! Clients and servers that send without end and read nothing: in every mode each is held up, and
//! costs the proxy a bounded amount of memory.

use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::mode::{Mode, modes, server};

/// How many clients there are. Each sends until the buffers of four sockets are full.
const GREEDY: u64 = 4;

/// So much may each of them cost, in bytes: buffers of 64 KiB each way, a thousand exchanges that wait
/// for their replies, and what an allocator takes for these at a time. Without limits it is the tens
/// of megabytes that a client can send meanwhile.
const MOST: u64 = 3 << 19;

/// So much may stay behind of what an allocator keeps, in bytes.
const LITTLE: u64 = 8 << 20;

#[test]
fn who_does_not_read_is_sent_no_more_and_the_proxy_keeps_little() {
    // Each mode has a program of its own, and mostly waits.
    std::thread::scope(|scope| {
        for mode in modes() {
            scope.spawn(move || flood(mode));
        }
    });
}

/// Has greedy clients and servers at both ends of the program that carries this mode.
fn flood(mode: Mode) {
    let held = Arc::new(Mutex::new(Vec::new()));
    let holding = Arc::clone(&held);
    let upstream = server(move |stream| {
        if mode
            .welcome(&stream)
            .and_then(|()| mode.answer(&stream))
            .is_ok()
        {
            fill(&mode, &stream, mode.talk.reply);
            holding.lock().unwrap().push(stream);
        }
    });
    let (server, address) = mode.start(upstream);
    let idle = server.descriptors();
    let round = || {
        let greedy = (0..GREEDY).map(|_| {
            let stream = mode.open(address);
            thread::spawn(move || {
                mode.ask(&stream);
                fill(&mode, &stream, mode.talk.request);
                stream
            })
        });
        let greedy: Vec<_> = greedy.collect();
        let greedy: Vec<TcpStream> = greedy.into_iter().map(|it| it.join().unwrap()).collect();
        let memory = server.memory();
        drop(greedy);
        // Some servers may still be at it.
        let begin = Instant::now();
        while server.descriptors() > idle && begin.elapsed() < Duration::from_secs(30) {
            held.lock().unwrap().clear();
            thread::sleep(Duration::from_millis(10));
        }
        server.wait_for_descriptors(idle);
        memory
    };
    let before = server.memory();
    let first = round();
    let each = first.saturating_sub(before) / GREEDY;
    eprintln!("{}: {each} bytes for each", mode.name());
    assert!(each < MOST, "{}: {each} bytes", mode.name());
    round();
    let grown = round().saturating_sub(first);
    eprintln!("{}: {grown} bytes more", mode.name());
    assert!(grown < LITTLE, "{}: {grown} bytes more", mode.name());
}

/// Says the same over and over until nobody takes it any more.
fn fill(mode: &Mode, mut stream: &TcpStream, text: &[u8]) {
    let limit = Some(Duration::from_millis(500));
    stream.set_write_timeout(limit).unwrap();
    let many = text.repeat(1_000);
    let begin = Instant::now();
    while stream.write_all(&many).is_ok() {
        let time = begin.elapsed();
        let name = mode.name();
        assert!(
            time < Duration::from_secs(60),
            "{name} takes it without end"
        );
    }
}
