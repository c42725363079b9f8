//! Clients that send half of a request, and connections of which one half ends before the other: in
//! every mode, bytes that were sent still arrive, and other connections are not delayed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::mode::{modes, server};

#[test]
fn clients_that_send_a_byte_and_no_more_hold_up_nobody() {
    for mode in modes() {
        let (server, address) = mode.start(mode.server());
        mode.works(address);
        let idle = server.descriptors();
        let login = mode.talk.login.0;
        let first = if login.is_empty() {
            mode.talk.request
        } else {
            login
        };
        let mut slow: Vec<TcpStream> = (0..200).map(|_| mode.greeted(address)).collect();
        for stream in &mut slow {
            stream.write_all(&first[..1]).unwrap();
        }
        let begin = Instant::now();
        for _ in 0..20 {
            mode.works(address);
        }
        assert!(begin.elapsed() < Duration::from_secs(5), "{}", mode.name());
        // One of them goes on, byte by byte.
        let mut last = slow.pop().unwrap();
        for byte in &first[1..] {
            last.write_all(&[*byte]).unwrap();
        }
        let reply = if login.is_empty() {
            mode.talk.reply
        } else {
            mode.talk.login.1
        };
        let mut read = vec![0; reply.len()];
        last.read_exact(&mut read).unwrap();
        assert_eq!(read, reply, "{}", mode.name());
        drop((slow, last));
        server.wait_for_descriptors(idle);
    }
}

#[test]
fn a_client_that_sends_no_more_still_gets_its_reply() {
    for mode in modes() {
        let upstream = server(move |stream| {
            mode.welcome(&stream).unwrap();
            // It answers only when it knows that nothing follows.
            let mut request = Vec::new();
            (&stream).read_to_end(&mut request).unwrap();
            assert_eq!(request, mode.talk.request, "{}", mode.name());
            (&stream).write_all(mode.talk.reply).unwrap();
        });
        let (_server, address) = mode.start(upstream);
        let stream = mode.open(address);
        (&stream).write_all(mode.talk.request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut reply = Vec::new();
        (&stream).read_to_end(&mut reply).unwrap();
        assert_eq!(reply, mode.talk.reply, "{}", mode.name());
    }
}

#[test]
fn a_server_that_sends_no_more_still_gets_requests() {
    for mode in modes() {
        let (tell, told) = channel();
        let upstream = server(move |stream| {
            mode.welcome(&stream).unwrap();
            mode.answer(&stream).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let mut rest = Vec::new();
            (&stream).read_to_end(&mut rest).unwrap();
            tell.send(rest).unwrap();
        });
        let (_server, address) = mode.start(upstream);
        let stream = mode.open(address);
        mode.ask(&stream);
        assert_eq!((&stream).read(&mut [0]).unwrap(), 0, "{}", mode.name());
        (&stream).write_all(mode.talk.request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let rest = told.recv_timeout(Duration::from_secs(30)).unwrap();
        assert_eq!(rest, mode.talk.request, "{}", mode.name());
    }
}
