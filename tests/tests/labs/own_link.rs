//! The link of a guest that is in no lab: the fixture does to it what can be done to a lab's. Here is
//! whom its guests talk to, how the tests ended, and that nothing is left.

use super::outside::seen;
use super::{LIMIT, PATIENCE, TUN, endings};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use vm_test_tests::census::Census;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending::{Failed, Passed};

/// How many bytes each connection gets.
const BYTES: u32 = 1 << 20;

/// Answers each datagram with its number and how many have come, until this process ends.
fn echo() -> SocketAddr {
    let socket = UdpSocket::bind((seen(), 0)).expect("the host has this address");
    let address = socket.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        let mut count: u64 = 0;
        let mut number = [0; 8];
        while let Ok((_, from)) = socket.recv_from(&mut number) {
            count += 1;
            let answer = [number, count.to_be_bytes()].concat();
            let _ = socket.send_to(&answer, from);
        }
    });
    address
}

/// Sends each client the same bytes, until this process ends.
fn bytes() -> SocketAddr {
    let listener = TcpListener::bind((seen(), 0)).expect("the host has this address");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        let bytes: Vec<u8> = (0..BYTES).map(|at| (at / 251) as u8).collect();
        for stream in listener.incoming() {
            let _ = stream.and_then(|mut stream| stream.write_all(&bytes));
        }
    });
    address
}

/// Runs these tests of the fixture; asserts that they pass, or that they could not for want of the
/// device, and that nothing is left.
fn all_pass(host: &Host, tests: &[&str], needs_device: &str) {
    let fixture = Fixture::new("labs");
    let addresses = [echo(), bytes()].map(|address| address.to_string());
    let mut filters = vec!["--exact"];
    filters.extend(tests);
    let group = Group {
        targets: &["--test=own_link"],
        filters: &filters,
        environment: &[
            ("ECHO_SERVER", &addresses[0]),
            ("BYTES_SERVER", &addresses[1]),
        ],
        limit: LIMIT,
    };
    group.build(&fixture, host);
    let before = Census::take(host);
    let outcome = group.run(&fixture, host, Runner::CargoTest);
    let text = outcome.text();
    // Where only root may open the device, an ordinary user is told so.
    let is_open = File::options().read(true).write(true).open(TUN).is_ok();
    let ending = |name: &str| {
        if name == needs_device && !is_open {
            Failed
        } else {
            Passed
        }
    };
    let expected = tests.iter().map(|name| (*name, ending(name)));
    let expected: BTreeMap<_, _> = expected.collect();
    assert_eq!(endings(&outcome), expected, "{text}");
    let stopped = host.vm_test().arg("stop").status();
    assert!(stopped.expect("vm-test starts").success());
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

#[test]
fn the_link_of_a_container_has_faults_as_those_of_a_lab_have() {
    const CONTAINER: &str = "the_link_of_a_container_is_as_ordered_and_afterwards_as_before";
    let tests = [
        CONTAINER,
        "a_guest_without_a_network_has_no_link",
        "the_links_of_a_lab_have_names",
    ];
    all_pass(&Host::new(), &tests, CONTAINER);
}

mod in_full {
    use super::*;

    #[test]
    fn the_link_of_a_vm_has_faults_too() {
        let host = Host::new().with_shared_store();
        host.build_images(Fixture::new("labs").directory(), &["debian-12"]);
        let test = "the_link_of_a_vm_is_as_ordered_and_afterwards_as_before";
        all_pass(&host, &[test], "");
    }
}
