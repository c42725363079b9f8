//! The clients' own tests, from the source packages of their registries and as they are, against
//! memcached: the same results directly, through the proxy, and through the proxy with all bytes
//! cut into pieces of one.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use vm_test_faults::behavior::Dummy;
use vm_test_faults::exchange::Rule;
use vm_test_faults::protocol::memcache::Memcache;

use crate::namespace::is_inside;
use crate::proxy::FaultProxy;
use crate::python::{Python, told};
use crate::server::Server;

/// The servers that the clients' tests want.
pub(crate) struct Wanted {
    pub(crate) ports: &'static [u16],
    pub(crate) sockets: &'static [&'static str],
}

/// The servers behind proxies have the ports from here on.
const BEHIND: u16 = 31_000;

/// For each test, how it ended.
pub(crate) type Results = BTreeMap<String, String>;

/// How bytes get from the client to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Direct,
    Proxy,
    Sliced,
}

/// Runs pytest, and returns the end of each test.
fn pytest(python: &Python, directory: &Path, arguments: &[&str]) -> Results {
    let mut pytest = python.command();
    pytest.args(["-m", "pytest", "-p", "no:cacheprovider", "-o", "addopts="]);
    pytest.args(["-rA", "--tb=no", "-q"]).args(arguments);
    pytest
        .current_dir(directory)
        .env("MEMCACHED_HOST", "127.0.0.1");
    results(&mut pytest, |line| {
        let (end, name) = line.split_once(' ')?;
        let is_end = ["PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL", "XPASS"].contains(&end);
        let name = name.split(" - ").next().unwrap_or(name);
        is_end.then(|| (name.to_owned(), end.to_owned()))
    })
}

fn results(command: &mut Command, read: impl Fn(&str) -> Option<(String, String)>) -> Results {
    let output = command.output().unwrap();
    let text = told(&output);
    let results: Results = text.lines().filter_map(read).collect();
    assert!(!results.is_empty(), "{text}");
    results
}

/// Runs `tests` on each way, and checks that they end in the same way.
pub(crate) fn same_on_each_way(wanted: &Wanted, tests: impl Fn(Way) -> Results) {
    let mut direct = None;
    for way in [Way::Direct, Way::Proxy, Way::Sliced] {
        for socket in wanted.sockets {
            assert!(!Path::new(socket).exists(), "{socket} is somebody else's");
        }
        let found = if way == Way::Direct {
            let ports = wanted.ports.iter();
            let _at_ports: Vec<_> = ports.map(|port| Server::memcached(*port)).collect();
            let sockets = wanted.sockets.iter();
            let _at_sockets: Vec<_> = sockets.map(|path| Server::memcached_at(path)).collect();
            tests(way)
        } else {
            through_proxies(wanted, way == Way::Sliced, || tests(way))
        };
        for socket in wanted.sockets {
            let _ = std::fs::remove_file(socket);
        }
        let failed = found.iter().filter(|(_, end)| *end != "PASSED");
        let failed: Vec<_> = failed.collect();
        let passed = found.len() - failed.len();
        eprintln!(
            "{way:?}: {passed} of {} passed, not {failed:?}",
            found.len()
        );
        assert!(passed > 20, "the tests were not run");
        let direct = direct.get_or_insert_with(|| found.clone());
        // Byte by byte, a few tests are left out.
        assert!(
            found.len() * 20 >= direct.len() * 19,
            "{} are left",
            found.len()
        );
        for (test, end) in &found {
            assert_eq!(Some(end), direct.get(test), "{test}, {way:?}");
        }
        assert!(way == Way::Sliced || found.len() == direct.len(), "{way:?}");
    }
}

/// Runs `tests` with a proxy before each server.
fn through_proxies(wanted: &Wanted, is_sliced: bool, tests: impl Fn() -> Results) -> Results {
    let mut servers = Vec::new();
    let mut proxies = Vec::new();
    let count = wanted.ports.len() + wanted.sockets.len();
    for behind in (BEHIND..).take(count) {
        servers.push(Server::memcached(behind));
        let dummy = vec![Rule::new(Arc::new(Dummy))];
        let mut proxy = FaultProxy::new(Memcache::new(), dummy, behind);
        if is_sliced {
            proxy.slice_to_server();
        }
        proxies.push(proxy);
    }
    let (at_ports, at_sockets) = proxies.split_at_mut(wanted.ports.len());
    for (proxy, port) in at_ports.iter_mut().zip(wanted.ports) {
        if is_sliced {
            proxy.listen_sliced(*port);
        } else {
            proxy.listen(*port);
        }
    }
    for (proxy, path) in at_sockets.iter().zip(wanted.sockets) {
        proxy.listen_at(Path::new(path));
    }
    let found = tests();
    for proxy in &proxies {
        assert_eq!(proxy.violations(), [""; 0]);
    }
    let exchanges: u64 = proxies.iter().map(|proxy| proxy.carrier.exchanges()).sum();
    eprintln!("{exchanges} exchanges went through the proxies");
    assert!(exchanges > 100, "the proxies were not used");
    found
}

#[test]
fn pymemcaches_own_tests_do_not_notice_the_proxy() {
    let python = Python::new();
    if !is_inside("transparency::pymemcaches_own_tests_do_not_notice_the_proxy") {
        return;
    }
    let directory = python.source("pymemcache-4.0.0");
    let wanted = Wanted {
        ports: &[11211],
        sockets: &[],
    };
    // No server with TLS is there, directly or behind the proxy.
    same_on_each_way(&wanted, |way| {
        // Values of five megabytes take many minutes byte by byte.
        let chosen = if way == Way::Sliced {
            "not tls and not large"
        } else {
            "not tls"
        };
        let arguments = ["-m", "unit or integration", "-k", chosen, "pymemcache/test"];
        let mut found = pytest(&python, &directory, &arguments);
        again_where_the_clock_ticked(&mut found, |test| pytest(&python, &directory, &[test]));
        found
    });
}

/// Runs `test_touch` again where it failed, three times at most.
///
/// It sets a key for one second and asks for it at once. memcached counts whole seconds, so that
/// the key is gone if the next one begins in between, with a proxy or without.
fn again_where_the_clock_ticked(found: &mut Results, run: impl Fn(&str) -> Results) {
    let failed: Vec<_> = found
        .iter()
        .filter(|(test, end)| test.contains("::test_touch[") && *end == "FAILED")
        .map(|(test, _)| test.clone())
        .collect();
    for test in failed {
        for _ in 0..3 {
            eprintln!("{test} failed, and runs again");
            let end = run(&test).remove(&test).unwrap();
            found.insert(test.clone(), end.clone());
            if end == "PASSED" {
                break;
            }
        }
    }
}

#[test]
fn python_binary_memcacheds_own_tests_do_not_notice_the_proxy() {
    let python = Python::new();
    if !is_inside("transparency::python_binary_memcacheds_own_tests_do_not_notice_the_proxy") {
        return;
    }
    let directory = python.source("python_binary_memcached-0.33.0/test");
    let wanted = Wanted {
        ports: &[11211, 5000],
        sockets: &["/tmp/memcached.sock"],
    };
    same_on_each_way(&wanted, |way| {
        // These need a server with TLS, or files that are not in the package.
        let without = ["test_tls.py", "test_ipv6.py", "test_sasl_integration.py"];
        let without = without.map(|file| format!("--ignore={file}"));
        let mut arguments = without.each_ref().map(String::as_str).to_vec();
        if way == Way::Sliced {
            arguments.extend(["-k", "not BigData"]);
        }
        pytest(&python, &directory, &arguments)
    });
}
