//! One direction of a connection takes a shortcut, and the relay carries the other one; or one of
//! several ways out has more shortcuts than another.

use super::super::super::scene::{LONG, SHORT, Scene, address, is_inside, within};
use super::{datagrams, delay};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};
use vm_test_protocol::filter::Filter;
use vm_test_protocol::order::Direction;

#[test]
fn the_direction_that_a_fault_is_not_about_passes_in_the_kernel() {
    let name = "keeper::lab::shortcut_moves::tests::directions::the_direction_that_a_fault_is_not_about_passes_in_the_kernel";
    if !is_inside(name) {
        return;
    }
    let mut scene = Scene::new();
    let all = delay(Filter::default(), Duration::ZERO);
    let slow = scene.begin_in(0, Direction::FromNode, all);
    let (mut near, mut far) = connected(&mut scene, 0, 1);
    let mut read = [0; 4];
    near.set_read_timeout(Some(LONG)).unwrap();
    far.write_all(b"here").unwrap();
    near.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"here");

    near.write_all(b"back").unwrap();
    far.set_read_timeout(Some(SHORT)).unwrap();
    far.read_exact(&mut read).unwrap_err();
    assert_eq!(receive(&mut scene, &far, 4), b"back");
    scene.end(slow);
}

/// Returns both ends of a connection between two nodes, which the relay carries.
fn connected(scene: &mut Scene, from: usize, to: usize) -> (TcpStream, TcpStream) {
    let address = SocketAddr::new(address(to), 80);
    let listener = within(&scene.nodes[to], || TcpListener::bind(address).unwrap());
    listener.set_nonblocking(true).unwrap();
    let from = scene.nodes[from].try_clone().unwrap();
    let connecting = thread::spawn(move || within(&from, || TcpStream::connect(address).unwrap()));
    let until = Instant::now() + LONG;
    // Its last packet may wait when both ends think that there is a connection.
    let far = loop {
        scene.serve();
        if let Ok((far, _)) = listener.accept() {
            break far;
        }
        assert!(Instant::now() < until);
    };
    far.set_nonblocking(false).unwrap();
    while !connecting.is_finished() {
        scene.serve();
    }
    (connecting.join().unwrap(), far)
}

/// Receives so many bytes at an end of a connection while the relay is served.
fn receive(scene: &mut Scene, far: &TcpStream, bytes: usize) -> Vec<u8> {
    let mut far = far.try_clone().unwrap();
    far.set_read_timeout(Some(LONG)).unwrap();
    let reading = thread::spawn(move || {
        let mut read = vec![0; bytes];
        far.read_exact(&mut read).unwrap();
        read
    });
    while !reading.is_finished() {
        scene.serve();
    }
    reading.join().unwrap()
}

#[test]
fn what_is_for_a_node_whose_answers_take_a_shortcut_goes_to_no_other_one() {
    let name = "keeper::lab::shortcut_moves::tests::directions::what_is_for_a_node_whose_answers_take_a_shortcut_goes_to_no_other_one";
    if !is_inside(name) {
        return;
    }
    let mut scene = Scene::of(3);
    let of_tcp = Filter {
        protocols: vec![6],
        ..Filter::default()
    };
    let all = || delay(of_tcp.clone(), Duration::ZERO);
    let slow = scene.begin_in(0, Direction::FromNode, all());
    let other = scene.begin_in(2, Direction::ToNode, all());
    let (mut near, far) = connected(&mut scene, 0, 1);
    // As when another node's link goes and comes.
    scene
        .relayed
        .segments
        .get_mut(&0)
        .unwrap()
        .links_have_moved();
    let matched = |scene: &Scene, fault| scene.relayed.faults.tally(fault).unwrap().matched;
    let (before, others) = (matched(&scene, slow), matched(&scene, other));
    near.write_all(&[7; 20_000]).unwrap();
    assert_eq!(receive(&mut scene, &far, 20_000), [7; 20_000]);
    assert!(matched(&scene, slow) > before);
    assert_eq!(matched(&scene, other), others);
    for number in [slow, other] {
        scene.end(number);
    }
}

#[test]
fn each_way_out_has_its_own_frames_and_the_relay_gets_none_of_them() {
    let name = "keeper::lab::shortcut_moves::tests::directions::each_way_out_has_its_own_frames_and_the_relay_gets_none_of_them";
    if !is_inside(name) {
        return;
    }
    let mut scene = Scene::of(3);
    let of_port = Filter {
        protocols: vec![6],
        port: Some(4000),
        ..Filter::default()
    };
    let slow = scene.begin(0, delay(datagrams(9), Duration::ZERO));
    let of_port = scene.begin_in(2, Direction::ToNode, delay(of_port, Duration::ZERO));
    // Hardware addresses become known.
    for to in [1, 2] {
        assert!(scene.connects_to(0, to, 80, true));
    }
    let served = |scene: &mut Scene| (0..9).map(|_| scene.serve()).sum::<usize>();
    served(&mut scene);
    for (to, port) in [(1, 4000), (2, 4001), (1, 4001)] {
        assert!(scene.connects_to(0, to, port, false), "{to} {port}");
        // Somebody looks for neighbours now and then; the connection has dozens of frames.
        let frames = served(&mut scene);
        assert!(frames < 10, "{to} {port}: {frames}");
    }
    assert!(!scene.connects_to(0, 2, 4000, false));
    assert!(scene.connects_to(0, 2, 4000, true));
    assert!(scene.relayed.faults.tally(of_port).unwrap().matched > 3);
    for number in [slow, of_port] {
        scene.end(number);
    }
}
