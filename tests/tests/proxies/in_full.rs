//! Clients for Toxiproxy that others have published, for Rust, Node and Python: each makes every
//! call that it has. Only the full form runs them, since each is fetched and built.

use std::path::PathBuf;
use std::process::{Command, Output};

use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::publication::unpack;

use crate::server::{Server, hello_server};

/// Returns a file of the fixture.
fn file(name: &str) -> PathBuf {
    Fixture::new("toxiproxy-clients").directory().join(name)
}

/// Returns where a client's crate is built.
fn target(name: &str) -> PathBuf {
    Fixture::new("toxiproxy-clients").target().join(name)
}

/// Runs a command that must succeed.
fn must(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", text_of(&output));
    output
}

fn assert_complete(output: &Output) {
    let text = text_of(output);
    assert!(text.contains("every call was answered"), "{text}");
}

#[test]
fn the_own_tests_of_crate_toxiproxy_rust_pass_unchanged() {
    let host = Host::new();
    let place = tempfile::tempdir().unwrap();
    let copy = unpack(&host, "toxiproxy_rust", "0.1.6", place.path());
    let manifest = copy.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap() + "\n[workspace]\n";
    std::fs::write(&manifest, text).unwrap();
    // They know only the port that Toxiproxy has by default, and one server.
    let _server = Server::start(&[]);
    let output = must(
        host.adopt(&mut Command::new("cargo"))
            .args(["test", "--tests", "--", "--test-threads", "1"])
            .current_dir(&copy)
            .env("CARGO_TARGET_DIR", target("toxiproxy_rust"))
            // What a newer compiler warns of is no concern of these tests.
            .env("RUSTFLAGS", "--cap-lints warn"),
    );
    let text = text_of(&output);
    assert!(
        text.contains("test result: ok. 11 passed; 0 failed; 0 ignored"),
        "{text}"
    );
}

#[test]
fn crate_noxious_client_can_make_all_its_calls() {
    let host = Host::new();
    let server = Server::start(&["-port", "0"]);
    let url = format!("http://{}", server.address);
    let output = must(
        host.adopt(&mut Command::new("cargo"))
            .args(["run", "--locked", "--manifest-path"])
            .arg(file("Cargo.toml"))
            .args(["--", &url, &hello_server().to_string()])
            .env("CARGO_TARGET_DIR", target("noxious_client")),
    );
    assert_complete(&output);
}

#[test]
fn toxiproxy_node_client_can_make_all_its_calls() {
    let place = tempfile::tempdir().unwrap();
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]);
    must(
        install
            .arg("toxiproxy-node-client@4.1.0")
            .current_dir(place.path()),
    );
    let server = Server::start(&["-port", "0"]);
    let url = format!("http://{}", server.address);
    let mut node = Command::new("node");
    node.arg(file("client.mjs"))
        .args([url, hello_server().to_string()]);
    assert_complete(&must(node.current_dir(place.path())));
}

#[test]
fn toxiproxy_python_can_make_all_its_calls() {
    let place = tempfile::tempdir().unwrap();
    let mut install = Command::new("python3");
    install.args(["-m", "pip", "install", "--quiet", "toxiproxy-python==0.1.1"]);
    must(install.arg("--target").arg(place.path()));
    let server = Server::start(&["-port", "0"]);
    let (host, port) = (server.address.ip().to_string(), server.address.port());
    let mut client = Command::new("python3");
    client.env("PYTHONPATH", place.path());
    client.arg(file("client.py")).args([host, port.to_string()]);
    assert_complete(&must(client.arg(hello_server().to_string())));
}
