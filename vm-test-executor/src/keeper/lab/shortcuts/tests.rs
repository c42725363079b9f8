//! Real interfaces and rules of the kernel, in a user namespace and network namespaces of its own.
//! Nobody but a test serves the relay here, so that what passes meanwhile has passed in the kernel.

use super::super::messages::Fault;
use super::super::moves::Bridge;
use super::*;
use crate::keeper::lab::links::FarEnd;
use rustix::event::epoll::{self, CreateFlags};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;
use std::thread;
use std::time::Duration;
use vm_test_protocol::filter::Filter;
use vm_test_protocol::impairment::{Action, CERTAIN, Impairment, Which};
use vm_test_protocol::order::{Direction, Effect};
use vm_test_sys::network;

/// Says that this process is in namespaces of its own.
const INSIDE: &str = "SHORTCUTS_INSIDE";

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(400);

const BRIDGE: Bridge<'static> = Bridge {
    number: 0,
    name: "net0",
    mtu: 1500,
};

/// Two nodes on a network, each in a network namespace.
struct Scene {
    links: Links,
    relayed: Relayed,
    events: OwnedFd,
    nodes: Vec<File>,
}

impl Scene {
    fn new() -> Self {
        let mut links = Links::open().unwrap();
        links
            .add_bridge(BRIDGE.name, [2, 0, 0, 0, 0, 9], BRIDGE.mtu)
            .unwrap();
        let mut relayed = Relayed::new().unwrap();
        let mut nodes = Vec::new();
        for node in 0..2 {
            let (namespace, hardware) = (namespace(), [2, 0, 0, 0, 0, node as u8 + 1]);
            let name = format!("port{node}");
            let far = FarEnd {
                name: "eth0",
                hardware,
                namespace: namespace.as_fd(),
            };
            links
                .add_pair(&name, BRIDGE.name, BRIDGE.mtu, &far)
                .unwrap();
            within(&namespace, || {
                let mut links = Links::open().unwrap();
                links.add_address("eth0", address(node), 24).unwrap();
                links.bring_up("eth0").unwrap();
            });
            let hardware = Some(hardware);
            relayed.know_link(node, 0, Interface { name, hardware });
            nodes.push(namespace);
        }
        let events = epoll::create(CreateFlags::CLOEXEC).unwrap();
        Self {
            links,
            relayed,
            events,
            nodes,
        }
    }

    fn begin(&mut self, node: usize, effect: Effect) -> u64 {
        let fault = Fault::Link {
            node,
            network: 0,
            direction: Direction::Both,
            effect,
        };
        let now = self.relayed.now();
        let number = self.relayed.faults.add(fault, now).unwrap();
        self.arrange();
        number
    }

    fn end(&mut self, number: u64) {
        assert!(self.relayed.faults.remove(number));
        self.arrange();
    }

    fn arrange(&mut self) {
        self.relayed
            .arrange(&self.events, &BRIDGE, &mut self.links)
            .unwrap();
        assert!(!self.relayed.has_no_shortcuts);
    }

    fn serve(&mut self) {
        for place in [Place::Bridge, Place::Node(0), Place::Node(1)] {
            self.relayed.serve(0, place, 64);
        }
        self.relayed.send_due();
    }

    /// Returns whether a connection from one node to a port of the other passes, while the relay is
    /// served or not.
    fn connects(&mut self, from: usize, port: u16, is_served: bool) -> bool {
        let to = SocketAddr::new(address(1 - from), port);
        let limit = if is_served { LONG } else { SHORT };
        let (asking, answering) = (self.clone_of(from), self.clone_of(1 - from));
        thread::scope(|scope| {
            let listener = within(&answering, || TcpListener::bind(to).unwrap());
            let asking = scope.spawn(move || {
                within(&asking, || {
                    let Ok(mut stream) = TcpStream::connect_timeout(&to, limit) else {
                        return false;
                    };
                    stream.set_read_timeout(Some(LONG)).unwrap();
                    stream.write_all(&[7; 200_000]).unwrap();
                    stream.shutdown(std::net::Shutdown::Write).unwrap();
                    let mut answer = Vec::new();
                    stream.read_to_end(&mut answer).unwrap();
                    answer == [7; 200_000]
                })
            });
            listener.set_nonblocking(true).unwrap();
            let mut echo = None;
            while !asking.is_finished() {
                if is_served {
                    self.serve();
                }
                if let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nonblocking(false).unwrap();
                    echo = Some(scope.spawn(move || {
                        let mut bytes = Vec::new();
                        stream.read_to_end(&mut bytes).unwrap();
                        stream.write_all(&bytes).unwrap();
                    }));
                }
                thread::sleep(Duration::from_micros(200));
            }
            drop(echo);
            asking.join().unwrap()
        })
    }

    fn clone_of(&self, node: usize) -> File {
        self.nodes[node].try_clone().unwrap()
    }
}

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

fn address(node: usize) -> IpAddr {
    Ipv4Addr::new(10, 9, 0, node as u8 + 1).into()
}

/// Returns a network namespace in which nothing is.
fn namespace() -> File {
    let make = || {
        network::leave().unwrap();
        File::open("/proc/thread-self/ns/net").unwrap()
    };
    thread::spawn(make).join().unwrap()
}

/// Does something in a network namespace.
fn within<T: Send>(namespace: &File, work: impl FnOnce() -> T + Send) -> T {
    let run = || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        work()
    };
    thread::scope(|scope| scope.spawn(run).join().unwrap())
}

/// Runs the rest of a test in namespaces of its own; returns whether this process is there already.
fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let own = std::env::current_exe().unwrap();
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--"])
        .arg(own)
        .args(["--exact", "--nocapture", test])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{errors}");
    assert!(told.contains("1 passed"), "{told}{errors}");
    false
}

#[test]
fn what_no_fault_can_be_about_passes_in_the_kernel_and_all_else_in_the_relay() {
    let name = "keeper::lab::shortcuts::tests::what_no_fault_can_be_about_passes_in_the_kernel_and_all_else_in_the_relay";
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
