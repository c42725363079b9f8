//! Real interfaces and rules of the kernel. Nobody but a test serves the relay here, so that what
//! passes meanwhile has passed in the kernel.

use super::super::messages::Fault;
use super::super::scene::{SHORT, Scene, address, is_inside, within};
use super::*;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;
use vm_test_protocol::filter::Filter;
use vm_test_protocol::impairment::{Action, CERTAIN, Impairment, Which};
use vm_test_protocol::order::{Direction, Effect};

mod directions;

/// Delays what a filter means.
fn delay(packets: Filter, by: Duration) -> Effect {
    impair(
        packets,
        Action::Delay {
            by,
            jitter: Duration::ZERO,
        },
    )
}

fn impair(packets: Filter, action: Action) -> Effect {
    Effect::Impair(Box::new(Impairment {
        packets,
        which: Which::All,
        chance: CERTAIN,
        action,
        seed: None,
        limit: 1000,
    }))
}

/// Returns the datagrams to a port.
fn datagrams(port: u16) -> Filter {
    Filter {
        protocols: vec![17],
        destination_port: Some(port),
        ..Filter::default()
    }
}

#[test]
fn what_no_fault_can_be_about_passes_in_the_kernel_and_all_else_in_the_relay() {
    let name = "keeper::lab::shortcut_moves::tests::what_no_fault_can_be_about_passes_in_the_kernel_and_all_else_in_the_relay";
    if !is_inside(name) {
        return;
    }
    let mut scene = Scene::new();
    let slow = scene.begin(0, delay(datagrams(9), Duration::from_secs(3600)));
    // Who asks for a hardware address asks all, and only the relay carries that.
    assert!(!scene.connects(0, 80, false));
    assert!(scene.connects(0, 80, true));
    assert!(scene.connects(0, 80, false));
    assert!(scene.connects(1, 80, false));

    // Datagrams are the relay's, also those that are not delayed.
    let to = SocketAddr::new(address(1), 7);
    let receiver = within(&scene.nodes[1], || UdpSocket::bind(to).unwrap());
    let from = SocketAddr::new(address(0), 0);
    let sender = within(&scene.nodes[0], || UdpSocket::bind(from).unwrap());
    sender.send_to(b"once", to).unwrap();
    receiver.set_read_timeout(Some(SHORT)).unwrap();
    receiver.recv(&mut [0; 9]).unwrap_err();
    scene.serve();
    assert_eq!(receiver.recv(&mut [0; 9]).unwrap(), 4);
    receiver.recv(&mut [0; 9]).unwrap_err();

    // A port that a fault is about, and others.
    let only = Filter {
        protocols: vec![6],
        port: Some(4000),
        ..Filter::default()
    };
    let some = scene.begin(0, delay(only, Duration::ZERO));
    assert!(!scene.connects(0, 4000, false));
    assert!(scene.connects(0, 4000, true));
    assert!(scene.connects(0, 4001, false));
    assert_eq!(scene.relayed.faults.tally(slow).unwrap().matched, 0);
    let matched = scene.relayed.faults.tally(some).unwrap().matched;
    assert!(matched > 10, "{matched}");

    // An address that no node has, and one that a node has.
    let of = |source| Filter {
        source: Some(source),
        ..Filter::default()
    };
    let nobody = IpAddr::from([192, 0, 2, 1]);
    let nobodys = scene.begin(0, delay(of(nobody), Duration::from_secs(3600)));
    assert!(scene.connects(0, 4001, false));
    let second = scene.begin(0, delay(of(address(1)), Duration::ZERO));
    assert!(!scene.connects(0, 4001, false));
    assert!(scene.connects(0, 4001, true));
    scene.end(second);
    assert!(scene.connects(0, 4001, false));
    scene.end(nobodys);

    // A fault that may be about everything.
    let all = scene.begin(0, delay(Filter::default(), Duration::ZERO));
    assert!(!scene.connects(0, 4001, false));
    assert!(scene.connects(0, 4001, true));
    scene.end(all);
    assert!(scene.connects(0, 4001, false));
    assert!(scene.connects(1, 4001, false));

    // Both links are in the relay; one of them is cut, and then it is not.
    let other = scene.begin(1, delay(datagrams(9), Duration::ZERO));
    assert!(scene.connects(0, 80, false));
    assert!(scene.connects(1, 80, false));
    let cut = scene.begin(1, Effect::Cut);
    assert!(!scene.connects(0, 80, false));
    scene.end(cut);
    assert!(scene.connects(0, 80, false));

    for number in [slow, some, other] {
        scene.end(number);
    }
    assert!(scene.relayed.segments.is_empty() && scene.relayed.shortcuts.is_empty());
    let gone = scene.links.redirect_nothing("port0").unwrap_err();
    assert!(is_gone(&gone), "{gone}");
    assert!(scene.connects(0, 80, false));
}

#[test]
fn only_stations_that_are_known_and_no_fault_is_between_have_shortcuts() {
    let mut relayed = Relayed::new().unwrap();
    for (node, hardware) in [(0, 2), (1, 4), (3, 6)] {
        let (name, hardware) = (format!("port{node}"), Some([hardware; 6]));
        relayed.know_link(node, 0, Interface { name, hardware });
    }
    let (name, hardware) = ("port2".to_owned(), None);
    relayed.know_link(2, 0, Interface { name, hardware });
    let entries = |relayed: &Relayed, nodes: &[usize]| {
        let nodes = nodes.iter().copied().collect();
        let shortcuts = relayed.wanted_shortcuts(0, &nodes);
        let entries = shortcuts.entries.iter().map(|entry| {
            let exits = entry.exits.iter().map(|exit| &*exit.interface);
            format!(
                "{} to {}",
                entry.interface,
                exits.collect::<Vec<_>>().join(" ")
            )
        });
        entries.collect::<Vec<_>>()
    };
    assert_eq!(entries(&relayed, &[]), [""; 0]);
    assert_eq!(entries(&relayed, &[2]), [""; 0]);
    let one = ["port0 to relay0", "relay0 to port0"];
    assert_eq!(entries(&relayed, &[0]), one);
    let of_all = [
        "port0 to port1 port3",
        "port1 to port0 port3",
        "port3 to port0 port1",
    ];
    assert_eq!(entries(&relayed, &[0, 1, 3]), of_all);

    let cut = |network, direction| Fault::Link {
        node: 0,
        network,
        direction,
        effect: Effect::Cut,
    };
    let groups = vec![vec![0, 3], vec![1]];
    let apart = ["port1 to port3", "port3 to port1"];
    for (fault, expected) in [
        (cut(1, Direction::Both), &of_all[..]),
        (cut(0, Direction::Both), &apart),
        (
            cut(0, Direction::FromNode),
            &["port1 to port0 port3", "port3 to port0 port1"],
        ),
        (
            cut(0, Direction::ToNode),
            &["port0 to port1 port3", "port1 to port3", "port3 to port1"],
        ),
        (
            Fault::Partition { groups },
            &["port0 to port3", "port3 to port0"],
        ),
    ] {
        let now = relayed.now();
        let number = relayed.faults.add(fault.clone(), now).unwrap();
        assert_eq!(entries(&relayed, &[0, 1, 3]), expected, "{fault:?}");
        relayed.faults.remove(number);
    }
    let number = relayed.faults.add(cut(0, Direction::Both), Duration::ZERO);
    assert_eq!(entries(&relayed, &[0]), [""; 0]);
    assert!(relayed.faults.remove(number.unwrap()));
    assert_eq!(entries(&relayed, &[0]), one);
}
