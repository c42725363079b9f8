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
fn a_partition_a_cut_and_a_station_that_nobody_knows_leave_no_shortcut() {
    let mut relayed = Relayed::new().unwrap();
    for (node, hardware) in [(0, Some([2; 6])), (1, Some([4; 6])), (2, None)] {
        let name = format!("port{node}");
        relayed.know_link(node, 0, Interface { name, hardware });
    }
    let entries = |relayed: &Relayed, nodes: &[usize]| {
        let nodes = nodes.iter().copied().collect();
        let shortcuts = relayed.wanted_shortcuts(0, &nodes);
        let entries = shortcuts.entries.into_iter();
        let entries = entries.map(|entry| (entry.place, entry.exits.len()));
        entries.collect::<Vec<_>>()
    };
    let (bridge, first, second) = (Place::Bridge, Place::Node(0), Place::Node(1));
    assert_eq!(entries(&relayed, &[]), []);
    assert_eq!(entries(&relayed, &[0]), [(first, 1), (bridge, 1)]);
    assert_eq!(entries(&relayed, &[0, 1]), [(first, 1), (second, 1)]);
    assert_eq!(entries(&relayed, &[2]), []);
    let groups = vec![vec![0], vec![1]];
    let on = |network| Fault::Link {
        node: 0,
        network,
        direction: Direction::Both,
        effect: Effect::Cut,
    };
    for (fault, is_open) in [
        (Fault::Partition { groups }, false),
        (on(0), false),
        (on(1), true),
    ] {
        let now = relayed.now();
        let number = relayed.faults.add(fault, now).unwrap();
        assert_eq!(entries(&relayed, &[0]).is_empty(), !is_open);
        relayed.faults.remove(number);
    }
}
