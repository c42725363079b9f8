//! `forward`: a port of a guest at the host's loopback, for as long as its instance lives.

use crate::bench::{Bench, Kind};
use rustix::process::Signal;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::time::Duration;
use vm_test_tests::process::{Running, await_that};

/// Answers one line of each connection, and ends with its input.
const SERVER: &str = r#"perl -MIO::Socket::INET -e '
    $| = 1; $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "0.0.0.0", LocalPort => 8080) or die;
    print "ready\n";
    while ($client = $listener->accept) { $_ = <$client>; print $client "got $_"; close $client }
' & read line; exit $line"#;

/// How long a port may stay after its instance.
const GONE: Duration = Duration::from_secs(10);

/// Starts the server, and returns where its port is.
fn serving(bench: &Bench) -> (Running, SocketAddrV4) {
    let running = bench.start(SERVER);
    running.await_output("ready\n");
    let told = running.errors_so_far();
    let (_, rest) = told
        .split_once("is at ")
        .unwrap_or_else(|| panic!("{told}"));
    let (at, _) = rest.split_once(' ').unwrap();
    let at: SocketAddrV4 = at.parse().unwrap();
    let guest = bench.guest();
    let line =
        format!("vm-test: port 8080 of guest `{guest}` is at {at} until its instance ends\n");
    assert!(told.contains(&line), "{told}");
    (running, at)
}

/// Returns the server's answer.
fn answer(at: SocketAddrV4) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(GONE)).unwrap();
    stream.write_all(b"hello\n").unwrap();
    let mut answer = String::new();
    BufReader::new(&mut stream).read_line(&mut answer).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    answer
}

/// Returns the addresses of the host, as the kernel shows them, where something listens at a port.
fn listening(port: u16) -> Vec<String> {
    let mut found = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let table = fs::read_to_string(table).unwrap_or_default();
        for line in table.lines().skip(1) {
            let words: Vec<_> = line.split_whitespace().collect();
            let (address, number) = words[1].rsplit_once(':').unwrap();
            if words[3] == "0A" && u16::from_str_radix(number, 16).unwrap() == port {
                found.push(address.to_owned());
            }
        }
    }
    found
}

fn await_gone(at: SocketAddrV4) {
    await_that("the port is free", GONE, || listening(at.port()).is_empty());
    drop(TcpListener::bind(at).unwrap());
}

fn is_there_while_the_instance_lives(kind: Kind, settings: &str) {
    let bench = Bench::new(kind, settings);
    for code in [0, 3] {
        let (mut running, at) = serving(&bench);
        assert_eq!(answer(at), "got hello\n");
        assert_eq!(answer(at), "got hello\n");
        // 127.0.0.1, and no other address.
        assert_eq!(listening(at.port()), ["0100007F"]);
        running
            .input()
            .write_all(format!("{code}\n").as_bytes())
            .unwrap();
        assert_eq!(running.finish().code(), Some(code));
        await_gone(at);
    }
    let (running, at) = serving(&bench);
    assert_eq!(answer(at), "got hello\n");
    running.signal(Signal::KILL);
    await_gone(at);
}

#[test]
fn a_containers_port_is_there_while_its_instance_lives() {
    is_there_while_the_instance_lives(Kind::Container, "forward = [\"8080\"]\n");
}

#[test]
fn a_vms_port_is_there_while_its_instance_lives() {
    is_there_while_the_instance_lives(Kind::Vm, "forward = [\"8080\"]\nnetwork = \"user\"\n");
}

#[test]
fn a_port_that_is_taken_is_named_and_so_is_a_vm_without_a_link() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = other.local_addr().unwrap();
    let settings = format!("forward = [\"{}:8080\"]\n", at.port());
    let bench = Bench::new(Kind::Container, &settings);
    assert_eq!(
        bench.failure(),
        format!(
            "error: cannot start guest `container`: it cannot forward its port 8080 to {at}: Address already in use (os error 98)\n\
             hint: another test or program has that port: leave it out, as in `forward = [\"8080\"]`, and any free one is taken\n"
        )
    );
    let bench = Bench::new(Kind::Vm, &settings);
    assert_eq!(
        bench.failure(),
        "error: cannot start guest `vm`: a VM forwards its ports over its link to the outside, and its network is \"none\"\n\
         hint: use network = \"user\", or a container\n"
    );
}

mod as_root_in_full {
    use super::{Bench, Kind, answer, await_gone, serving};
    use std::net::TcpListener;
    use vm_test_tests::daemon::Daemon;

    #[test]
    fn a_port_that_was_chosen_goes_with_its_daemon() {
        let free = TcpListener::bind("127.0.0.2:0").unwrap();
        let chosen = free.local_addr().unwrap();
        drop(free);
        let bench = Bench::new(
            Kind::Container,
            &format!("forward = [\"{chosen}:8080\"]\nnetwork = \"user\"\n"),
        );
        let (_running, at) = serving(&bench);
        assert_eq!(at.to_string(), chosen.to_string());
        assert_eq!(answer(at), "got hello\n");
        Daemon::of(&bench.host).unwrap().kill();
        await_gone(at);
    }
}
