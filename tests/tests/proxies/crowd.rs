//! Many connections through the programs, and many exchanges on one: all are served, and memory
//! does not grow.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use vm_test_tests::campaign;

use crate::memcached::Memcached;
use crate::mode::{Mode, modes};
use crate::server::{LIMIT, connect};

/// Lets this process have as many descriptors as it may; returns how many that is.
fn descriptors() -> u64 {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    maximum.unwrap_or(u64::MAX)
}

/// Starts a server that answers each of so many connections once when it comes, and then each once
/// more in turn. What is received last says that it has closed them all.
fn twice_server(mode: Mode, connections: usize) -> (SocketAddr, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut open = Vec::with_capacity(connections);
        while open.len() < connections {
            let (stream, _) = listener.accept().unwrap();
            mode.welcome(&stream).unwrap();
            mode.answer(&stream).unwrap();
            open.push(stream);
        }
        open.iter().for_each(|stream| mode.answer(stream).unwrap());
        for mut stream in open {
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        }
        let _ = tell.send(());
    });
    (address, told)
}

/// Has so many connections at once, if there are descriptors for them; each must work, and cost
/// less than so many bytes of memory.
fn serve(mode: Mode, most: u64, dearest: u64) {
    // Both ends are in this process, and both halves in the proxy, whose limit is the same.
    let limit = descriptors().saturating_sub(100) / 2;
    let wanted = usize::try_from(limit.min(most)).unwrap();
    assert!(
        wanted >= 1_000,
        "the limit of descriptors is too low for a crowd"
    );
    let (upstream, closed) = twice_server(mode, wanted);
    let (server, address) = mode.start(upstream);
    let (before, idle) = (server.memory(), server.descriptors());
    let mut open = Vec::with_capacity(wanted);
    for _ in 0..wanted {
        let stream = mode.open(address);
        mode.ask(&stream);
        open.push(stream);
    }
    let each = server.memory().saturating_sub(before) / wanted as u64;
    let name = mode.name();
    eprintln!("{name}: {wanted} connections, {each} bytes of the proxy's memory each");
    assert!(each < dearest, "{name}: {each} bytes");
    open.iter().for_each(|stream| mode.ask(stream));
    drop(open);
    closed.recv().unwrap();
    server.wait_for_descriptors(idle);
}

#[test]
fn as_many_connections_as_descriptors_allow_up_to_ten_thousand_are_served() {
    serve(modes()[0], 10_000, 16 * 1024);
}

#[test]
fn ten_thousand_clients_at_once_are_served_or_learn_that_they_are_not() {
    // Each takes one descriptor here, one of memcached, and two of the proxy.
    let limit = usize::try_from(descriptors()).unwrap_or(usize::MAX);
    let wanted = limit.saturating_sub(500).min(10_000);
    assert!(wanted >= 500, "the limit of descriptors is too low");
    let memcached = Memcached::start(wanted + 100);
    let mode = modes()[0];
    let (server, address) = mode.start(memcached.address);
    let (before, idle) = (server.memory(), server.descriptors());
    let ask = |mut stream: TcpStream| {
        stream.write_all(b"version\r\n").unwrap();
        stream
    };
    let crowd: Vec<_> = (0..wanted).map(|_| ask(connect(address))).collect();
    let (mut served, mut waiting, mut ended) = (Vec::new(), Vec::new(), 0);
    for mut stream in crowd {
        // They come in turn: behind one that waits there are only others that do.
        let patience = if waiting.is_empty() { 5_000 } else { 100 };
        stream
            .set_read_timeout(Some(Duration::from_millis(patience)))
            .unwrap();
        match stream.read(&mut [0; 64]) {
            Ok(length) if length > 0 => served.push(stream),
            Err(error) if error.kind() == ErrorKind::WouldBlock => waiting.push(stream),
            Ok(_) | Err(_) => ended += 1,
        }
    }
    let memory = server.memory().saturating_sub(before);
    let (count, waits) = (served.len(), waiting.len());
    eprintln!("of {wanted}: {count} served, {waits} wait, {ended} ended, {memory} bytes");
    assert!(count >= wanted.min((limit - 100) / 2));
    assert!(memory / (wanted as u64) < 16 * 1024, "{memory} bytes");
    if count < wanted {
        server.wait_for_log("Too many open files");
    }
    drop(served);
    for mut stream in waiting {
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        assert!(stream.read(&mut [0; 64]).unwrap() > 0);
    }
    server.wait_for_descriptors(idle);
    let mut stream = ask(connect(address));
    assert!(stream.read(&mut [0; 64]).unwrap() > 0);
}

#[test]
fn as_many_connections_are_served_with_each_protocol() {
    let most = campaign::length(10_000, 1_000);
    for mode in &modes()[1..] {
        // Each direction has a buffer before and behind the parser.
        serve(*mode, most.into(), 32 * 1024);
    }
}

/// More exchanges than a proxy keeps events of: behind them nothing may grow any more.
const WARM_UP: u32 = 5_000;

/// Has so many exchanges on one connection, behind which memory must be as it was.
fn exchange(mode: Mode, exchanges: u32) {
    let (server, address) = mode.start(mode.server());
    let stream = mode.open(address);
    (0..WARM_UP).for_each(|_| mode.ask(&stream));
    let before = server.memory();
    (0..exchanges).for_each(|_| mode.ask(&stream));
    let grown = server.memory().saturating_sub(before);
    let name = mode.name();
    eprintln!("{name}: {exchanges} exchanges, {grown} bytes more");
    assert!(grown < 256 * 1024, "{name}: {grown} bytes");
}

#[test]
fn memory_stays_flat_over_a_million_exchanges() {
    exchange(modes()[0], campaign::length(1_000_000, 50_000));
}

#[test]
fn memory_stays_flat_over_many_exchanges_of_each_protocol() {
    for mode in &modes()[1..] {
        exchange(*mode, campaign::length(200_000, 10_000));
    }
}
