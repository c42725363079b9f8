//! Replies and injected errors come in the order of requests.

use tokio::io::{AsyncReadExt, AsyncWriteExt, split};

use super::scene::{Replies, Scene, by_percent, rule, soon, write_in_parts};
use crate::behavior::Error;
use crate::exchange::{Outcome, Which};

#[tokio::test]
async fn errors_take_their_place_in_pipelines_and_hits_are_what_the_server_did_not_see() {
    let scene = Scene::new(vec![by_percent(20.0, Error::with("503")).seed(7)]);
    let (client, _relay) = scene.connect();
    let (reader, mut writer) = split(client);
    let mut replies = Replies::new(reader);
    let mut failed = 0;
    for pipeline in 0..10 {
        let requests: String = (0..100)
            .map(|at| {
                let number = pipeline * 100 + at;
                match at % 3 {
                    0 => format!("POST /{number} HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"),
                    1 => format!("PUT /{number} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
                    _ => format!("GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n"),
                }
            })
            .collect();
        let mut random = fastrand::Rng::with_seed(pipeline);
        let sending = write_in_parts(&mut writer, requests.as_bytes(), &mut random);
        let reading = async {
            for at in 0..100 {
                let reply = replies.next().await.unwrap();
                if reply.status == 503 {
                    assert_eq!(reply.body, "Service Unavailable\n");
                    failed += 1;
                } else {
                    let number = pipeline * 100 + at;
                    assert!(reply.body.starts_with(&format!("/{number} ")), "{reply:?}");
                }
            }
        };
        soon(async { tokio::join!(sending, reading) }).await;
    }
    assert!((160..=240).contains(&failed), "{failed} of 1,000");
    assert_eq!(scene.carrier.hits(), failed);
    assert_eq!(scene.seen().len() as u64, 1_000 - failed);
    assert_eq!(scene.carrier.events().len() as u64, failed);
}

#[tokio::test]
async fn first_every_and_only_are_exact() {
    for (which, expected) in [
        (Which::First(3), vec![1, 2, 3]),
        (Which::Every(4), vec![4, 8, 12]),
        (Which::Only(5), vec![5]),
    ] {
        let scene = Scene::new(vec![rule(Error::with("500")).which(which)]);
        let (client, _relay) = scene.connect();
        let (reader, mut writer) = split(client);
        let mut replies = Replies::new(reader);
        let mut failed = Vec::new();
        for number in 1..=12 {
            writer.write_all(b"GET /x HTTP/1.1\r\n\r\n").await.unwrap();
            if soon(replies.next()).await.unwrap().status == 500 {
                failed.push(number);
            }
        }
        assert_eq!(failed, expected);
        let events = scene.carrier.events();
        let ordinals: Vec<u64> = events.iter().map(|event| event.ordinal).collect();
        assert_eq!(ordinals, expected);
        let told = Outcome::Answered("500".to_owned());
        assert!(events.iter().all(|event| event.outcome == told));
        assert!(events.iter().all(|event| event.request == "GET /x"));
    }
}

#[tokio::test]
async fn an_error_to_a_client_that_waits_to_continue_comes_at_once() {
    let scene = Scene::new(vec![rule(Error::with("429"))]);
    let (mut client, _relay) = scene.connect();
    let head = b"POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    client.write_all(head).await.unwrap();
    let mut reply = String::new();
    soon(client.read_to_string(&mut reply)).await.unwrap();
    assert!(
        reply.starts_with("HTTP/1.1 429 Too Many Requests\r\n"),
        "{reply}"
    );
    assert!(reply.contains("\r\nRetry-After: 1\r\n"), "{reply}");
    assert!(reply.contains("\r\nConnection: close\r\n"), "{reply}");
}

#[tokio::test]
async fn broken_bodies_end_the_connection_behind_earlier_replies() {
    for (code, ending) in [("truncated", "xxxx"), ("bad-chunk", "\r\nnot a size\r\n")] {
        let scene = Scene::new(vec![rule(Error::with(code)).which(Which::Only(2))]);
        let (mut client, _relay) = scene.connect();
        let requests = "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n";
        client.write_all(requests.as_bytes()).await.unwrap();
        let mut replies = String::new();
        soon(client.read_to_string(&mut replies)).await.unwrap();
        assert!(
            replies.starts_with("HTTP/1.1 200 OK\r\nContent-Length: 23\r\n"),
            "{replies}"
        );
        assert!(replies.contains("/1 zzz"), "{replies}");
        assert!(replies.ends_with(ending), "{replies}");
        assert_eq!(scene.seen(), ["/1"]);
    }
}
