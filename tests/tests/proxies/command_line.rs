//! The command line, which is `toxiproxy-server`'s, and how the program ends.

use std::net::TcpListener;
use std::process::{Command, Output};

use rustix::process::Signal;
use vm_test_tests::host::Host;

use crate::server::{Server, connect, hello_server, program};

fn run(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn flags_have_one_dash_or_two_as_gos_have() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("proxies.json");
    let upstream = hello_server();
    std::fs::write(
        &file,
        format!("[{{\"name\":\"p\",\"upstream\":\"{upstream}\"}}]"),
    )
    .unwrap();
    let file = file.to_str().unwrap();
    for arguments in [
        &[
            "-host",
            "127.0.0.1",
            "-port",
            "0",
            "-config",
            file,
            "-proxy-metrics",
        ][..],
        &[
            "--host=localhost",
            "--port=0",
            "--config",
            file,
            "-proxy-metrics=true",
            "-seed",
            "-7",
        ],
    ] {
        let server = Server::start(arguments);
        let (status, reply) = server.call("GET", "/proxies/p", "");
        assert_eq!(status, 200, "{reply}");
        let (status, metrics) = server.call("GET", "/metrics", "");
        assert!(
            status == 200 && metrics.contains("toxiproxy_proxy_sent_bytes_total{"),
            "{metrics}"
        );
        assert!(!metrics.contains("process_"), "{metrics}");
    }
}

#[test]
fn what_is_wrong_with_a_command_line_is_told_with_the_usage() {
    let version = run(&["-version"]);
    assert!(version.status.success());
    assert!(
        text(&version.stdout).starts_with("vm-test-proxy version "),
        "{version:?}"
    );
    let help = run(&["-help"]);
    assert!(help.status.success() && text(&help.stdout).starts_with("Usage of vm-test-proxy:"));
    let wrong = run(&["-hots", "localhost"]);
    assert_eq!(wrong.status.code(), Some(2));
    let told = text(&wrong.stderr);
    assert!(
        told.starts_with("flag provided but not defined: -hots\nUsage of"),
        "{told}"
    );
}

#[test]
fn a_port_that_is_taken_is_told_with_a_hint() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&["-port", &port]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains("bind: address already in use\nhint: "),
        "{told}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_the_server_runs_without_it() {
    let server = Server::start(&["-port", "0", "-config", "/nonexistent.json"]);
    assert_eq!(server.call("GET", "/proxies", ""), (200, "{}".to_owned()));
}

#[test]
fn a_file_without_end_is_refused_and_not_kept_in_memory() {
    let server = Server::start(&["-port", "0", "-config", "/dev/zero"]);
    server.wait_for_log("cannot take proxies from \"/dev/zero\": it has more than 4194304 bytes");
    let output = Command::new(Host::program())
        .args(["proxy", "--config", "/dev/zero"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = text(&output.stderr);
    assert!(
        told.contains("cannot read /dev/zero: it has more than 1048576 bytes"),
        "{told}"
    );
}

#[test]
fn options_that_make_no_sense_are_told_with_their_names() {
    for (option, value, told) in [
        (
            "--behavior",
            "100:hagn",
            "cannot use behavior: 'hagn' is an unknown behavior",
        ),
        (
            "--behavior",
            "60:hang,60:abort",
            "cannot use behavior: the percentages are 120",
        ),
        ("--behavior", "4294967296:hang", "cannot use behavior: "),
        ("--behavior-delay-sleep", "nan", "cannot use behavior"),
        (
            "--protocol",
            "gopher",
            "cannot use protocol: there is no \"gopher\"",
        ),
        ("--http-port", "65536", "cannot use vaurien.http_port: "),
        (
            "--statsd.sample-rate",
            "inf",
            "cannot use statsd.sample_rate: ",
        ),
        ("--proxy", "999.0.0.1:0", "cannot start the proxy: "),
        ("--proxy", "\u{1b}[31m", "cannot start the proxy: "),
    ] {
        let mut command = Command::new(Host::program());
        command.args(["proxy", option, value]);
        let usual = [("--proxy", "127.0.0.1:0"), ("--behavior", "1:delay")];
        for (other, value) in usual.into_iter().filter(|(name, _)| *name != option) {
            command.args([other, value]);
        }
        let output = command.output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(1),
            "{option} {value}: {output:?}"
        );
        let error = text(&output.stderr);
        assert!(error.contains(told), "{option} {value}: {error}");
    }
}

#[test]
fn it_stops_when_it_is_asked_to_and_ends_what_it_carried() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = Server::start(&["-port", "0"]);
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = server.proxy("p", silent.local_addr().unwrap());
        let mut stream = connect(proxy);
        let (_accepted, _) = silent.accept().unwrap();
        assert_eq!(server.end(signal), Ok(0));
        let end = std::io::Read::read(&mut stream, &mut [0]);
        assert!(!matches!(end, Ok(1..)), "{end:?}");
        TcpListener::bind(proxy).unwrap();
    }
}
