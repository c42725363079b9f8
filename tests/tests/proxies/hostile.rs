//! Clients and servers that send garbage or bytes without end, or are too many: in every mode others
//! are served, and nothing grows or is left.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::mode::{Mode, modes, server};
use crate::server::{Server, connect, program};

/// What memory may grow by where nothing is kept.
const LITTLE: u64 = 8 * 1024 * 1024;

/// How many bytes come from somebody who does not stop.
const FLOOD: usize = 64 * 1024 * 1024;

/// The modes in which a client that says the same byte over and over says nothing that may be of
/// any length.
const STRICT: [&str; 3] = ["http", "memcache", "redis"];

/// Reads until the other end has ended; returns how many bytes came.
fn read_to_end(mut stream: &TcpStream) -> usize {
    let mut bytes = [0; 64 * 1024];
    let mut whole = 0;
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return whole,
            Ok(length) => whole += length,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return whole,
            Err(error) => panic!("it does not end: {error}"),
        }
    }
}

/// Writes the same byte over and over; returns how many the other end has taken.
fn flood(mut stream: &TcpStream) -> usize {
    let bytes = [b'a'; 64 * 1024];
    let mut whole = 0;
    while whole < FLOOD && stream.write_all(&bytes).is_ok() {
        whole += bytes.len();
    }
    let _ = stream.shutdown(Shutdown::Write);
    whole
}

fn assert_calm(mode: &Mode, server: &Server, before: u64, most: u64) {
    let grown = server.memory().saturating_sub(before);
    eprintln!("{}: {grown} bytes more", mode.name());
    assert!(grown < most, "{}: {grown} bytes more", mode.name());
    let log = server.log();
    assert!(!log.contains("panicked"), "{}: {log}", mode.name());
}

#[test]
fn bytes_without_end_pass_or_are_refused_with_the_reason_and_are_not_kept() {
    for mode in modes() {
        let floods = Arc::new(AtomicBool::new(false));
        let server_floods = Arc::clone(&floods);
        let upstream = server(move |stream| {
            if mode.welcome(&stream).is_err() {
                return;
            }
            if server_floods.load(Ordering::Relaxed) {
                let _ = mode.answer(&stream);
                flood(&stream);
            } else {
                while mode.answer_or_swallow(&stream) {}
            }
        });
        let (server, address) = mode.start(upstream);
        mode.works(address);
        let before = server.memory();
        let is_strict = STRICT.contains(&mode.name());
        let stream = mode.open(address);
        let passed = flood(&stream);
        assert_eq!(passed < FLOOD, is_strict, "{}: {passed}", mode.name());
        read_to_end(&stream);
        if is_strict {
            server.wait_for_log(&format!("the client does not speak {}: ", mode.name()));
        }
        mode.works(address);
        floods.store(true, Ordering::Relaxed);
        let stream = mode.open(address);
        (&stream).write_all(mode.talk.request).unwrap();
        let passed = read_to_end(&stream);
        eprintln!("{}: {passed} bytes of {FLOOD} from the server", mode.name());
        assert_calm(&mode, &server, before, LITTLE);
    }
}

#[test]
fn garbage_from_clients_and_servers_ends_their_connections_and_nothing_else() {
    for mode in modes() {
        let is_mad = Arc::new(AtomicBool::new(true));
        let mad = Arc::clone(&is_mad);
        let seeds = Arc::new(AtomicU64::new(1_000_000));
        let talk = mode.talk;
        let upstream = server(move |stream| {
            if mad.load(Ordering::Relaxed) {
                let seed = seeds.fetch_add(1, Ordering::Relaxed);
                say_garbage(&stream, seed, &[talk.greeting, talk.login.1, talk.reply]);
            } else if mode.welcome(&stream).is_ok() {
                let _ = mode.answer(&stream);
            }
        });
        let (server, address) = mode.start(upstream);
        let idle = server.descriptors();
        let round = |seeds: Range<u64>| {
            for seed in seeds {
                let stream = connect(address);
                say_garbage(&stream, seed, &[talk.login.0, talk.request, talk.request]);
            }
            server.wait_for_descriptors(idle);
        };
        round(0..300);
        let before = server.memory();
        round(300..1_000);
        assert_calm(&mode, &server, before, LITTLE);
        is_mad.store(false, Ordering::Relaxed);
        mode.works(address);
    }
}

/// Says something, some of which may be right, and ends.
fn say_garbage(mut stream: &TcpStream, seed: u64, right: &[&[u8]]) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = right.concat();
    bytes.truncate(random.usize(..=bytes.len()));
    let length = random.usize(..3_000);
    bytes.extend((0..length).map(|_| random.u8(..)));
    // Who listens may have gone away.
    if stream.write_all(&bytes).is_ok() && random.bool() {
        let _ = stream.shutdown(Shutdown::Write);
        read_to_end(stream);
    }
    let _ = stream.shutdown(Shutdown::Both);
}

#[test]
fn more_clients_than_there_are_descriptors_wait_and_the_reason_is_told() {
    let mode = modes()[0];
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 64 && exec \"$0\" -port 0"]);
    let server = Server::started(limited.arg(program()), "api: listening on ");
    let address = server.proxy("p", mode.server());
    mode.works(address);
    let idle = server.descriptors();
    let crowd: Vec<TcpStream> = (0..200).map(|_| connect(address)).collect();
    server.wait_for_log("Too many open files");
    drop(crowd);
    server.wait_for_descriptors(idle);
    mode.works(address);
}
