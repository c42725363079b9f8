//! Real interfaces, whose links move while frames come in.

use super::super::scene::{Scene, address, is_inside, within};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use vm_test_protocol::order::Effect;

/// How often the link moves, and how many datagrams wait meanwhile at most.
const MOVES: usize = 100;
const AHEAD: u32 = 64;

#[test]
fn no_frame_is_doubled_while_a_link_moves_to_the_relay_and_back() {
    let name =
        "keeper::lab::moves::tests::no_frame_is_doubled_while_a_link_moves_to_the_relay_and_back";
    if !is_inside(name) {
        return;
    }
    let mut scene = Scene::new();
    let to = SocketAddr::new(address(0), 7);
    let receiver = within(&scene.nodes[0], || UdpSocket::bind(to).unwrap());
    let sender = SocketAddr::new(address(1), 0);
    let sender = within(&scene.nodes[1], || UdpSocket::bind(sender).unwrap());
    sender.connect(to).unwrap();
    receiver
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let has_ended = AtomicBool::new(false);
    let (came, doubled) = thread::scope(|scope| {
        let receiving = scope.spawn(|| {
            let (mut came, mut doubled) = (Vec::new(), Vec::new());
            let mut number = [0; 4];
            while !has_ended.load(Ordering::Relaxed) {
                let Ok((_, from)) = receiver.recv_from(&mut number) else {
                    continue;
                };
                let number = u32::from_be_bytes(number);
                came.resize(came.len().max(number as usize + 1), false);
                if std::mem::replace(&mut came[number as usize], true) {
                    doubled.push(number);
                }
                // The sender goes on, and the bridge learns where the node is.
                receiver.send_to(&number.to_be_bytes(), from).unwrap();
            }
            (came, doubled)
        });
        scope.spawn(|| {
            sender
                .set_read_timeout(Some(Duration::from_millis(20)))
                .unwrap();
            let mut sent = 0_u32;
            while !has_ended.load(Ordering::Relaxed) {
                for _ in 0..AHEAD {
                    let _ = sender.send(&sent.to_be_bytes());
                    sent += 1;
                }
                let _ = sender.recv(&mut [0; 4]);
            }
        });
        for _ in 0..MOVES {
            let held = scene.begin(0, Effect::Hold);
            let until = Instant::now() + Duration::from_millis(1);
            while Instant::now() < until {
                scene.serve();
            }
            scene.release(held);
            thread::sleep(Duration::from_millis(1));
        }
        has_ended.store(true, Ordering::Relaxed);
        receiving.join().unwrap()
    });
    let came = came.iter().filter(|came| **came).count();
    assert!(came > MOVES, "{came}");
    assert_eq!(doubled, [0; 0], "of {came}");
}
