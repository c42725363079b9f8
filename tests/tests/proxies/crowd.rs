//! Many connections through the program, and many exchanges on one: all are served, and its memory
//! does not grow.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use vm_test_tests::campaign;

use crate::server::{Server, connect};

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

/// Sends five bytes and reads them back.
fn exchange(mut stream: &TcpStream) {
    stream.write_all(b"hello").unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"hello");
}

fn answer(mut stream: &TcpStream) {
    let mut bytes = [0; 5];
    stream.read_exact(&mut bytes).unwrap();
    stream.write_all(&bytes).unwrap();
}

/// Starts a server that answers each of so many connections once when it comes, and then each once
/// more in turn. What is received last says that it has closed them all.
fn twice_server(connections: usize) -> (SocketAddr, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut open = Vec::with_capacity(connections);
        while open.len() < connections {
            let (stream, _) = listener.accept().unwrap();
            answer(&stream);
            open.push(stream);
        }
        open.iter().for_each(answer);
        for mut stream in open {
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        }
        let _ = tell.send(());
    });
    (address, told)
}

#[test]
fn as_many_connections_as_descriptors_allow_up_to_ten_thousand_are_served() {
    // Both ends are in this process, and both halves in the proxy, whose limit is the same.
    let limit = descriptors().saturating_sub(100) / 2;
    let wanted = usize::try_from(limit.min(10_000)).unwrap();
    assert!(
        wanted >= 1_000,
        "the limit of descriptors is too low for a crowd"
    );
    let (upstream, closed) = twice_server(wanted);
    let server = Server::start(&["-port", "0"]);
    let proxy = server.proxy("p", upstream);
    let before = server.memory();
    let mut open = Vec::with_capacity(wanted);
    for _ in 0..wanted {
        let stream = connect(proxy);
        exchange(&stream);
        open.push(stream);
    }
    let each = server.memory().saturating_sub(before) / wanted as u64;
    eprintln!("{wanted} connections, {each} bytes of the proxy's memory each");
    assert!(each < 16 * 1024, "{each} bytes");
    open.iter().for_each(exchange);
    drop(open);
    closed.recv().unwrap();
}

#[test]
fn memory_stays_flat_over_a_million_exchanges() {
    let exchanges = campaign::length(1_000_000, 50_000);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        (0..exchanges).for_each(|_| answer(&stream));
    });
    let server = Server::start(&["-port", "0"]);
    let stream = connect(server.proxy("p", upstream));
    let warm_up = exchanges / 10;
    (0..warm_up).for_each(|_| exchange(&stream));
    let before = server.memory();
    (warm_up..exchanges).for_each(|_| exchange(&stream));
    let grown = server.memory().saturating_sub(before);
    eprintln!("{exchanges} exchanges, {grown} bytes more");
    assert!(grown < 1024 * 1024, "{grown} bytes");
}
