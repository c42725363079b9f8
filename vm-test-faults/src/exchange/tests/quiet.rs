//! Requests that may stay unanswered, more of them than are known at a time.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex, split};
use tokio::time::timeout;

use super::scene::{Scene, soon};
use crate::protocol::memcache::Memcache;

/// So many quiet commands come before one that is answered.
const QUIET: usize = 10_000;

/// What the server says to the last command, with the replies to two quiet ones before it.
const REPLIES: &str = "NS O1\r\nVA 2 O9999\r\nhi\r\nMN\r\n";

#[tokio::test]
async fn quiet_commands_without_number_do_not_keep_the_server_from_the_one_that_it_answers() {
    let scene = Scene::with(Memcache::new(), Vec::new());
    let (server, mut their_server) = duplex(4_096);
    let (client, _relay) = scene.relayed(server);
    // The server says nothing before it has read the last command.
    tokio::spawn(async move {
        let mut read = Vec::new();
        while !read.ends_with(b"mn\r\n") {
            assert!(their_server.read_buf(&mut read).await.unwrap() > 0);
        }
        their_server.write_all(REPLIES.as_bytes()).await.unwrap();
        their_server.write_all(b"VERSION 1\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let quiet = (0..QUIET).map(|number| match number {
        1 => "ms a 1 q O1\r\nx\r\n".to_owned(),
        _ => format!("mg a v q O{number}\r\n"),
    });
    let commands = quiet.collect::<String>() + "mn\r\n";
    let (mut reader, mut writer) = split(client);
    let sending = writer.write_all(commands.as_bytes());
    let reading = async {
        let mut read = Vec::new();
        while !read.ends_with(b"VERSION 1\r\n") {
            assert!(reader.read_buf(&mut read).await.unwrap() > 0);
        }
        String::from_utf8(read).unwrap()
    };
    let (sent, read) = soon(async { tokio::join!(sending, reading) }).await;
    sent.unwrap();
    assert_eq!(read, format!("{REPLIES}VERSION 1\r\n"));
    assert_eq!(scene.carrier.violations(), [""; 0]);
}

#[tokio::test]
async fn what_comes_behind_a_quiet_command_whose_reply_does_not_end_waits_outside() {
    let scene = Scene::with(Memcache::new(), Vec::new());
    let (server, their_server) = duplex(4_096);
    let (client, _relay) = scene.relayed(server);
    let (mut requests, mut replies) = split(their_server);
    let (mut reader, mut writer) = split(client);
    let command = b"mg a v q O1\r\n";
    writer.write_all(command).await.unwrap();
    let mut read = vec![0; command.len()];
    soon(requests.read_exact(&mut read)).await.unwrap();
    replies.write_all(b"VA 2 O1\r").await.unwrap();
    let whole = command.len() * QUIET;
    let sending = tokio::spawn(async move { writer.write_all(&command.repeat(QUIET)).await });
    let mut passed = 0;
    let mut bytes = vec![0; 4_096];
    let quiet = Duration::from_millis(500);
    while let Ok(length) = timeout(quiet, requests.read(&mut bytes)).await {
        passed += length.unwrap();
    }
    // Some are on their way, and as many are known on either side of the relay.
    assert!(passed < whole / 2, "{passed} bytes of {whole}");
    replies.write_all(b"\nhi\r\n").await.unwrap();
    while passed < whole {
        passed += soon(requests.read(&mut bytes)).await.unwrap();
    }
    soon(sending).await.unwrap().unwrap();
    let mut reply = [0; 13];
    soon(reader.read_exact(&mut reply)).await.unwrap();
    assert_eq!(&reply, b"VA 2 O1\r\nhi\r\n");
}
