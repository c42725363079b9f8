//! A network of real interfaces for tests: two or more nodes on a bridge, in a user namespace and network
//! namespaces of their own. Nobody but a test serves the relay here.

use super::links::{FarEnd, Links};
use super::messages::Fault;
use super::moves::Bridge;
use super::relayed::{Interface, Relayed};
use super::stations::Place;
use rustix::event::epoll::{self, CreateFlags};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;
use std::thread;
use std::time::Duration;
use vm_test_protocol::order::{Direction, Effect};
use vm_test_sys::network;

/// Says that this process is in namespaces of its own.
const INSIDE: &str = "SHORTCUTS_INSIDE";

pub(super) const LONG: Duration = Duration::from_secs(20);
pub(super) const SHORT: Duration = Duration::from_millis(400);

const BRIDGE: Bridge<'static> = Bridge {
    number: 0,
    name: "net0",
    mtu: 1500,
};

/// Nodes on a network, each in a network namespace.
pub(super) struct Scene {
    pub(super) links: Links,
    pub(super) relayed: Relayed,
    events: OwnedFd,
    pub(super) nodes: Vec<File>,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::of(2)
    }

    /// Returns a network of so many nodes.
    pub(super) fn of(count: usize) -> Self {
        let mut links = Links::open().unwrap();
        links
            .add_bridge(BRIDGE.name, [2, 0, 0, 0, 0, 9], BRIDGE.mtu)
            .unwrap();
        let mut relayed = Relayed::new().unwrap();
        let mut nodes = Vec::new();
        for node in 0..count {
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

    pub(super) fn begin(&mut self, node: usize, effect: Effect) -> u64 {
        self.begin_in(node, Direction::Both, effect)
    }

    pub(super) fn begin_in(&mut self, node: usize, direction: Direction, effect: Effect) -> u64 {
        let fault = Fault::Link {
            node,
            network: 0,
            direction,
            effect,
        };
        let now = self.relayed.now();
        let number = self.relayed.faults.add(fault, now).unwrap();
        self.arrange();
        number
    }

    pub(super) fn end(&mut self, number: u64) {
        assert!(self.relayed.faults.remove(number));
        self.arrange();
    }

    /// Ends a fault that holds frames; they go on.
    pub(super) fn release(&mut self, number: u64) {
        assert!(self.relayed.faults.remove(number));
        self.relayed.treat();
        while self.relayed.release() {}
        self.arrange();
    }

    fn arrange(&mut self) {
        self.relayed
            .arrange(&self.events, &BRIDGE, &mut self.links)
            .unwrap();
        assert!(!self.relayed.has_no_shortcuts);
    }

    /// Carries what has come in; returns how many frames that were.
    pub(super) fn serve(&mut self) -> usize {
        let nodes = (0..self.nodes.len()).map(Place::Node);
        let places = [Place::Bridge].into_iter().chain(nodes);
        let served = places.map(|place| self.relayed.serve(0, place, 64));
        let served = served.sum();
        self.relayed.send_due();
        served
    }

    /// Returns whether a connection from one of two nodes to a port of the other passes, while the
    /// relay is served or not.
    pub(super) fn connects(&mut self, from: usize, port: u16, is_served: bool) -> bool {
        self.connects_to(from, 1 - from, port, is_served)
    }

    /// Returns whether a connection from a node to a port of another passes, while the relay is served
    /// or not.
    pub(super) fn connects_to(
        &mut self,
        from: usize,
        to: usize,
        port: u16,
        is_served: bool,
    ) -> bool {
        let (asking, answering) = (self.clone_of(from), self.clone_of(to));
        let to = SocketAddr::new(address(to), port);
        let limit = if is_served { LONG } else { SHORT };
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

pub(super) fn address(node: usize) -> IpAddr {
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
pub(super) fn within<T: Send>(namespace: &File, work: impl FnOnce() -> T + Send) -> T {
    let run = || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        work()
    };
    thread::scope(|scope| scope.spawn(run).join().unwrap())
}

/// Runs the rest of a test in namespaces of its own; returns whether this process is there already.
pub(super) fn is_inside(test: &str) -> bool {
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
