//! The tests of crate `memcache`, from its source package and as they are, against memcached
//! directly and through the proxy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use vm_test_tests::host::Host;
use vm_test_tests::publication::{of_libtest, test_binaries, unpack};

use crate::namespace::{self, is_inside};
use crate::python::told;
use crate::server::Server;
use crate::transparency::{Results, Wanted, same_on_each_way};

const VERSION: &str = "0.21.0";

/// Where the crate is built.
fn directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("exchanges-memcache")
}

/// Builds the crate's tests, and notes where they are.
fn build() {
    let directory = directory();
    let _ = fs::remove_dir_all(directory.join("source"));
    let host = Host::new();
    let source = unpack(&host, "memcache", VERSION, &directory.join("source"));
    let mut cargo = Command::new("cargo");
    let cargo = host.adopt(&mut cargo);
    cargo.args(["test", "--all-features", "--tests", "--target-dir"]);
    cargo.arg(directory.join("target")).current_dir(source);
    let binaries = test_binaries(cargo);
    let binaries: Vec<_> = binaries.iter().filter_map(|path| path.to_str()).collect();
    fs::write(directory.join("binaries"), binaries.join("\n")).unwrap();
}

/// Runs the crate's tests one after the other: they flush the servers that all of them use.
fn run() -> Results {
    let binaries = fs::read_to_string(directory().join("binaries")).unwrap();
    let mut results = Results::new();
    for binary in binaries.lines() {
        let name = Path::new(binary).file_name().unwrap().to_string_lossy();
        let output = Command::new(binary)
            .arg("--test-threads=1")
            .current_dir(directory().join("source/memcache"))
            .output()
            .unwrap();
        for (test, has_passed) in of_libtest(&told(&output)) {
            let end = if has_passed { "PASSED" } else { "FAILED" };
            results.insert(format!("{name} {test}"), end.to_owned());
        }
    }
    results
}

#[test]
fn the_own_tests_of_crate_memcache_do_not_notice_the_proxy() {
    if !namespace::is_here() {
        build();
    }
    if !is_inside("in_full::the_own_tests_of_crate_memcache_do_not_notice_the_proxy") {
        return;
    }
    // What the proxy does not carry: UDP, and TLS.
    let assets = directory().join("source/memcache/tests/assets");
    let _udp = Server::memcached_on_udp(22345);
    let _tls = Server::memcached_with_tls(12350, &assets);
    let wanted = Wanted {
        ports: &[12345, 12346, 12347, 12348, 12349],
        sockets: &["/tmp/memcached.sock", "/tmp/memcached2.sock"],
    };
    same_on_each_way(&wanted, |_| run());
}
