//! A container's way out of the host: `network = "user"`.

use super::{LIMIT, PATIENCE, TUN, endings};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use vm_test_tests::census::Census;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending::{Failed, Passed};

/// A server that greets each client, until this process ends.
struct Server {
    address: SocketAddr,
    /// How many have come.
    visitors: Arc<AtomicUsize>,
}

impl Server {
    fn start(at: IpAddr, greeting: &'static str) -> Self {
        let listener = TcpListener::bind((at, 0)).expect("the host has this address");
        let visitors = Arc::new(AtomicUsize::new(0));
        let server = Self {
            address: listener.local_addr().expect("it has an address"),
            visitors: Arc::clone(&visitors),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                visitors.fetch_add(1, Ordering::SeqCst);
                let _ = stream.and_then(|mut stream| stream.write_all(greeting.as_bytes()));
            }
        });
        server
    }

    fn visitors(&self) -> usize {
        self.visitors.load(Ordering::SeqCst)
    }
}

/// Returns the address of the host from which packets leave it.
pub(super) fn seen() -> IpAddr {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a socket can be made");
    // Nothing is sent.
    socket
        .connect((Ipv4Addr::new(198, 51, 100, 1), 9))
        .expect("this host has a default route");
    socket.local_addr().expect("it has an address").ip()
}

#[test]
fn a_container_gets_out_and_never_to_the_hosts_loopback() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let outside = Server::start(seen(), "seen");
    let loopback = Server::start(Ipv4Addr::LOCALHOST.into(), "loopback");
    let addresses = [&outside, &loopback].map(|server| server.address.to_string());
    let group = Group {
        targets: &["--test=outside"],
        filters: &[],
        environment: &[
            ("SEEN_SERVER", &addresses[0]),
            ("LOOPBACK_SERVER", &addresses[1]),
        ],
        limit: LIMIT,
    };
    group.build(&fixture, &host);
    let before = Census::take(&host);
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    let text = outcome.text();
    let told = endings(&outcome);
    // Where only root may open the device, an ordinary user is told so.
    let is_open = File::options().read(true).write(true).open(TUN).is_ok();
    let expected = [
        (
            "a_container_reaches_what_others_see_of_the_host_and_not_its_loopback",
            if is_open { Passed } else { Failed },
        ),
        ("a_container_without_a_network_reaches_nothing", Passed),
        ("a_privileged_container_has_no_way_out", Failed),
    ];
    assert_eq!(told, BTreeMap::from(expected), "{text}");
    let words = format!("this host cannot give it the device {TUN}");
    assert_eq!(text.contains(&words), !is_open, "{text}");
    assert_eq!(outside.visitors(), usize::from(is_open), "{text}");
    assert_eq!(loopback.visitors(), 0, "{text}");
    let stopped = host.vm_test().arg("stop").status();
    assert!(stopped.expect("vm-test starts").success());
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}
