//! MariaDB with PyMySQL, the command line client, and the tests of crate `mysql`.

use std::process::Command;

use serde_json::Value;
use vm_test_faults::exchange::{NamePattern, Rule, Which};
use vm_test_faults::protocol::Protocol;
use vm_test_faults::protocol::mysql::Mysql;

use crate::mariadb::{MariaDb, PASSWORD};
use crate::proxy::{FaultProxy, Pieces, dummy, error};
use crate::python::{Python, told};

const CODES: [&str; 4] = ["1205", "1213", "1290", "1317"];

/// Returns rules for queries that name the error that they are to get.
fn named_errors() -> Vec<Rule> {
    let rules = CODES.iter().map(|code| {
        let names = format!("COM_QUERY SELECT 'fail {code}*");
        Rule::new(error(code, None)).on(NamePattern::new(names))
    });
    rules.collect()
}

#[test]
fn each_error_of_mysql_is_the_right_exception_and_the_next_call_works() {
    let (server, python) = (MariaDb::start(), Python::new());
    for pieces in [Pieces::Unchanged, Pieces::Single] {
        let mut arguments = vec![PASSWORD.to_owned()];
        let mut proxies = Vec::new();
        for known in Mysql::new().known_faults() {
            let rule = |names: &str| Rule::new(error(known.code, None)).on(NamePattern::new(names));
            let at_connect = rule("greeting").which(Which::First(1));
            let rules = vec![at_connect, rule("COM_QUERY SELECT 'fail'")];
            let (proxy, port) = FaultProxy::start(Mysql::new(), rules, server.port(), pieces);
            arguments.push(format!("{port} {} {}", known.code, known.text));
            proxies.push(proxy);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        python.script("mysql_errors.py", &arguments);
        for proxy in proxies {
            // One in place of a greeting, three in place of results.
            proxy.wait_for_hits(4);
            assert_eq!(proxy.violations(), [""; 0]);
        }
    }
}

#[test]
fn of_a_thousand_mixed_calls_those_fail_that_should_and_the_next_ones_work() {
    let python = Python::new();
    for pieces in [Pieces::Unchanged, Pieces::Single] {
        let server = MariaDb::start();
        let (proxy, port) = FaultProxy::start(Mysql::new(), named_errors(), server.port(), pieces);
        let output = python.script("mysql_mixed.py", &[&port.to_string(), PASSWORD]);
        let output: Value = serde_json::from_str(&output).unwrap();
        let counts = CODES
            .iter()
            .map(|code| output[code].as_u64().unwrap_or_default());
        let counts: Vec<u64> = counts.collect();
        assert!(counts.iter().all(|count| *count > 50), "{output}");
        proxy.wait_for_hits(counts.iter().sum());
        assert_eq!(proxy.violations(), [""; 0]);
    }
}

#[test]
fn a_transaction_is_rolled_back_behind_a_deadlock_and_not_behind_a_lock_wait() {
    let server = MariaDb::start();
    let (rules, server_port) = (named_errors(), server.port());
    let (proxy, port) = FaultProxy::start(Mysql::new(), rules, server_port, Pieces::Unchanged);
    Python::new().script("mysql_transactions.py", &[&port.to_string(), PASSWORD]);
    proxy.wait_for_hits(2);
}

#[test]
fn the_command_line_client_shows_the_number_at_connect_and_the_state_behind_a_query() {
    let server = MariaDb::start();
    for (name, code, shown) in [
        ("greeting", "1040", "1040 - Too many connections"),
        (
            "greeting",
            "1040/08004",
            "ERROR 1040 (08004): Too many connections",
        ),
        (
            "COM_QUERY",
            "1040",
            "ERROR 1040 (08004) at line 1: Too many connections",
        ),
        (
            "COM_QUERY",
            "1205",
            "ERROR 1205 (HY000) at line 1: Lock wait",
        ),
        (
            "COM_QUERY",
            "1213",
            "ERROR 1213 (40001) at line 1: Deadlock",
        ),
        (
            "COM_QUERY",
            "1290",
            "ERROR 1290 (HY000) at line 1: The MySQL server is running with",
        ),
        (
            "COM_QUERY",
            "1317",
            "ERROR 1317 (70100) at line 1: Query execution was interrupted",
        ),
        (
            "COM_QUERY",
            "4711/XYZ01",
            "ERROR 4711 (XYZ01) at line 1: Error of a test",
        ),
    ] {
        let rules = vec![Rule::new(error(code, None)).on(NamePattern::new(name))];
        let (_proxy, port) =
            FaultProxy::start(Mysql::new(), rules, server.port(), Pieces::Unchanged);
        let mut client = Command::new("mariadb");
        client.args([
            "--no-defaults",
            "--host=127.0.0.1",
            "--user=root",
            "--execute=SELECT 1",
        ]);
        client.arg(format!("--port={port}"));
        let output = client
            .arg(format!("--password={PASSWORD}"))
            .output()
            .unwrap();
        let text = told(&output);
        assert!(
            !output.status.success() && text.contains(shown),
            "{code}: {text}"
        );
    }
}

#[test]
fn a_client_that_insists_on_tls_is_told_that_there_is_none() {
    let server = MariaDb::start();
    let (proxy, port) = FaultProxy::start(Mysql::new(), dummy(), server.port(), Pieces::Unchanged);
    let mut client = Command::new("mariadb");
    client.args([
        "--no-defaults",
        "--host=127.0.0.1",
        "--user=root",
        "--execute=SELECT 1",
    ]);
    client
        .args(["--ssl", "--ssl-verify-server-cert"])
        .arg(format!("--port={port}"));
    let text = told(
        &client
            .arg(format!("--password={PASSWORD}"))
            .output()
            .unwrap(),
    );
    assert!(
        text.contains("SSL is required, but the server does not support it"),
        "{text}"
    );
    assert_eq!(proxy.violations(), [""; 0]);
}

#[test]
fn files_results_and_packets_of_16_mib_pass_as_on_a_direct_connection() {
    let (server, python) = (MariaDb::start(), Python::new());
    let script = "mysql_passes.py";
    let all = "20000000";
    python.script(script, &[&server.port().to_string(), PASSWORD, all]);
    for (pieces, longest) in [(Pieces::Unchanged, all), (Pieces::Single, "0")] {
        let (proxy, port) = FaultProxy::start(Mysql::new(), dummy(), server.port(), pieces);
        python.script(script, &[&port.to_string(), PASSWORD, longest]);
        assert_eq!(proxy.violations(), [""; 0]);
        assert!(proxy.carrier.exchanges() > 5);
    }
}

mod in_full {
    //! What has to be compiled first.

    use std::collections::BTreeMap;
    use std::fs;

    use super::*;
    use vm_test_tests::host::Host;
    use vm_test_tests::publication::{Results, of_libtest, test_binaries, unpack};

    /// What is left out byte by byte: two results of 20 MB, two more of 17 MB, and a file of 100 MB
    /// that is loaded and read again. Each byte of these would be a packet of its own.
    const LARGE: [&str; 4] = [
        "conn::test::my_conn::should_parse_large_text_result",
        "conn::test::my_conn::should_parse_large_binary_result",
        "conn::test::my_conn::should_handle_multi_result_set",
        "conn::test::my_conn::should_handle_LOCAL_INFILE_with_custom_handler",
    ];

    #[test]
    fn the_tests_of_crate_mysql_end_as_on_a_direct_connection() {
        let home = tempfile::tempdir().unwrap();
        let source = unpack(&Host::new(), "mysql", "28.0.4", home.path());
        let manifest = source.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text + "\n[workspace]\n").unwrap();
        // The package lacks a key that one test includes and uses only with MySQL.
        let keys = source.join("tests/fixtures");
        fs::create_dir_all(&keys).unwrap();
        fs::write(keys.join("server-public-key.pem"), "").unwrap();
        let mut build = Command::new("cargo");
        build.current_dir(&source).args(["test", "--lib"]);
        build.env("CARGO_TARGET_DIR", home.path().join("target"));
        let binaries = test_binaries(&mut build);
        let run = |port: u16, left_out: &[&str]| -> Results {
            let url = format!("mysql://root:{PASSWORD}@127.0.0.1:{port}/mysql?prefer_socket=false");
            let results = binaries.iter().map(|binary| {
                let mut tests = Command::new(binary);
                tests.current_dir(&source).arg("--test-threads=1");
                tests.args(left_out.iter().flat_map(|test| ["--skip", test]));
                of_libtest(&told(&tests.env("DATABASE_URL", &url).output().unwrap()))
            });
            results.fold(BTreeMap::new(), |mut all, some| {
                all.extend(some);
                all
            })
        };
        let mut expected = run(MariaDb::start().port(), &[]);
        show("direct", &expected);
        for pieces in [Pieces::Unchanged, Pieces::Single] {
            let mut left_out = [].as_slice();
            if pieces == Pieces::Single {
                left_out = &LARGE;
                for test in LARGE {
                    assert_eq!(expected.remove(test), Some(true), "{test}");
                }
            }
            let server = MariaDb::start();
            let (proxy, port) = FaultProxy::start(Mysql::new(), dummy(), server.port(), pieces);
            let found = run(port, left_out);
            show(&format!("{pieces:?}"), &found);
            assert_eq!(found, expected, "{pieces:?}");
            // Each test that passed has at least logged in and asked something.
            let exchanges = proxy.carrier.exchanges();
            assert!(exchanges > 2 * 60, "{exchanges}");
            assert_eq!(proxy.violations(), [""; 0]);
        }
    }

    /// Prints how the tests ended, of which most have to pass.
    fn show(way: &str, results: &Results) {
        let failed: Vec<_> = results.iter().filter(|(_, passed)| !**passed).collect();
        let passed = results.len() - failed.len();
        eprintln!(
            "{way}: {passed} of {} passed, not {failed:?}",
            results.len()
        );
        assert!(passed >= 60, "{results:?}");
    }
}
