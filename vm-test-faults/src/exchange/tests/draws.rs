//! The same seed chooses the same exchanges, on one connection and on many.

use std::collections::BTreeSet;

use tokio::io::AsyncWriteExt;

use super::scene::{Replies, Scene, by_percent, soon};
use crate::behavior::Error;

/// Sends a thousand different requests and returns the numbers of those that failed.
async fn failed(seed: u64, connections: usize) -> BTreeSet<usize> {
    let scene = Scene::new(vec![by_percent(20.0, Error::with("503")).seed(seed)]);
    let mut clients = Vec::new();
    for first in 0..connections {
        let (mut client, _) = scene.connect();
        clients.push(tokio::spawn(async move {
            let mut failed = BTreeSet::new();
            for number in (first..1_000).step_by(connections) {
                // The port differs from run to run, as it does with real clients.
                let port = fastrand::u16(..);
                let request = format!("GET /{number} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
                client.write_all(request.as_bytes()).await.unwrap();
                let reply = Replies::new(&mut client).next().await.unwrap();
                if reply.status == 503 {
                    failed.insert(number);
                }
            }
            failed
        }));
    }
    let mut all = BTreeSet::new();
    for client in clients {
        all.extend(soon(client).await.unwrap());
    }
    assert_eq!(all.len() as u64, scene.carrier.hits());
    assert_eq!(scene.carrier.connections(), connections as u64);
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_seed_chooses_the_same_exchanges_with_one_and_with_eight_connections() {
    let one = failed(7, 1).await;
    assert!((160..=240).contains(&one.len()), "{}", one.len());
    assert_eq!(failed(7, 8).await, one);
    assert_ne!(failed(8, 8).await, one);
}
