//! aiosmtpd, a mail server, with aiosmtplib, and the tests of the latter.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use vm_test_faults::exchange::{NamePattern, Rule, Which};
use vm_test_faults::protocol::smtp::Smtp;
use vm_test_faults::protocol::{Protocol, Tls};

use crate::mariadb::free_port;
use crate::proxy::{FaultProxy, Pieces, error};
use crate::python::{Python, told};
use crate::switchboard;

/// How long the server may take until it answers.
const LIMIT: Duration = Duration::from_secs(60);

/// Returns a rule that answers requests with these names with an error.
fn failing(names: &str, code: &str) -> Rule {
    Rule::new(error(code, None)).on(NamePattern::new(names))
}

/// A mail server that keeps what it accepts in a directory.
struct MailServer {
    home: TempDir,
    server: Child,
    port: u16,
}

impl MailServer {
    fn start(python: &Python) -> Self {
        let home = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut server = Command::new("setpriv");
        // It ends with the test, however that ends.
        server.args(["--pdeathsig", "KILL"]);
        server.arg(python.command().get_program());
        server.args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}")]);
        server
            .args(["-c", "aiosmtpd.handlers.Mailbox"])
            .arg(home.path().join("mail"));
        let server = server.stdin(Stdio::null()).spawn().unwrap();
        let mut server = Self { home, server, port };
        let deadline = Instant::now() + LIMIT;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.server.try_wait().unwrap().is_none() && Instant::now() < deadline);
            sleep(Duration::from_millis(20));
        }
        server
    }

    /// Returns how many mails were delivered.
    fn delivered(&self) -> usize {
        fs::read_dir(self.home.path().join("mail/new"))
            .unwrap()
            .count()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn of_a_thousand_mixed_calls_those_fail_that_should_and_no_refused_mail_is_delivered() {
    let python = Python::new();
    for pieces in [Pieces::Unchanged, Pieces::Single] {
        let server = MailServer::start(&python);
        let named = ["450", "451", "452", "550", "552", "554"]
            .into_iter()
            .flat_map(|code| {
                let names = ["MAIL FROM", "RCPT TO"].into_iter();
                names.map(move |verb| failing(&format!("{verb}:<fail{code}@*"), code))
            });
        let third = failing("DATA", "451 after DATA").which(Which::Every(3));
        let rules = named.chain([failing("VRFY", "452"), third]).collect();
        let (proxy, port) = FaultProxy::start(Smtp::new(), rules, server.port, pieces);
        let told = python.script("smtp_mixed.py", &[&port.to_string()]);
        let told: Value = serde_json::from_str(&told).unwrap();
        let errors = told["errors"].as_object().unwrap();
        let counts = errors.values().map(|count| count.as_u64().unwrap());
        proxy.wait_for_hits(counts.sum());
        assert_eq!(errors.len(), 7, "{told}");
        assert!(
            told["errors"]["after DATA"].as_u64().unwrap() > 80,
            "{told}"
        );
        assert_eq!(told["sent"].as_u64().unwrap(), server.delivered() as u64);
        assert_eq!(proxy.violations(), [""; 0]);
    }
}

#[test]
fn errors_take_their_place_in_pipelines_of_a_hundred_commands() {
    let python = Python::new();
    for pieces in [Pieces::Unchanged, Pieces::Single] {
        let server = MailServer::start(&python);
        let rules = vec![
            failing("MAIL FROM:<fail451@*", "451"),
            failing("RCPT TO:<fail550@*", "550"),
            failing("VRFY", "452"),
        ];
        let (proxy, port) = FaultProxy::start(Smtp::new(), rules, server.port, pieces);
        let told = python.script("smtp_pipelines.py", &[&port.to_string()]);
        let errors: u64 = told.trim().parse().unwrap();
        assert!(errors > 250, "{errors}");
        proxy.wait_for_hits(errors);
        assert_eq!(server.delivered(), 10);
        assert_eq!(proxy.violations(), [""; 0]);
    }
}

#[test]
fn each_error_arrives_where_it_was_asked_for_and_421_closes() {
    let python = Python::new();
    let server = MailServer::start(&python);
    let once = |rule: Rule| {
        let pieces = Pieces::Unchanged;
        let rules = vec![rule];
        let (_proxy, port) = FaultProxy::start(Smtp::new(), rules, server.port, pieces);
        python.script("smtp_once.py", &[&port.to_string()])
    };
    for known in Smtp::new().known_faults() {
        let code = &known.code[..3];
        let rest = if code == "421" { "closed" } else { "250" };
        let told = once(failing("DATA", known.code));
        assert_eq!(told, format!("SMTPDataError {code} {rest}"), "{known:?}");
        if code == known.code {
            let told = once(failing("greeting", code));
            assert_eq!(told, format!("SMTPConnectResponseError {code} closed"));
            let told = once(failing("MAIL", code));
            assert_eq!(told, format!("SMTPSenderRefused {code} {rest}"));
        }
    }
    assert_eq!(server.delivered(), 0);
    assert_eq!(once(failing("EXPN", "550")), "sent 250");
    assert_eq!(server.delivered(), 1);
}

#[test]
fn a_login_that_fails_is_an_error_of_authentication_and_the_next_one_works() {
    let python = Python::new();
    let server = free_port();
    let mut proxies = Vec::new();
    let mut arguments = vec![server.to_string()];
    for code in ["454", "500", "503", "535"] {
        let rule = failing("AUTH", code).which(Which::First(1));
        let (proxy, port) = FaultProxy::start(Smtp::new(), vec![rule], server, Pieces::Unchanged);
        arguments.push(format!("{port} {code}"));
        proxies.push(proxy);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    python.script("smtp_login.py", &arguments);
    for proxy in proxies {
        proxy.wait_for_hits(1);
        assert_eq!(proxy.violations(), [""; 0]);
    }
}

/// The test that compares the port of the other end with the server's, so that it sees any proxy.
const OF_THE_PORT: &str = "tests/test_tls.py::test_tls_get_transport_info";

/// Runs the tests of aiosmtplib, or only these, and returns how each one ended.
fn own_tests(
    python: &Python,
    switchboard: Option<u16>,
    only: &[&String],
) -> BTreeMap<String, String> {
    let plugins = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exchanges/scripts");
    let mut tests = python.command();
    tests.args([
        "-m",
        "pytest",
        "-q",
        "-rA",
        "--tb=no",
        "--show-capture=no",
        "-p",
        "no:cacheprovider",
    ]);
    // The same examples of what is drawn at random.
    tests.arg("--hypothesis-seed=7").args(only);
    if let Some(port) = switchboard {
        tests
            .args(["-p", "through_proxies"])
            .env("SWITCHBOARD", port.to_string());
    }
    let output = tests.current_dir(python.source("aiosmtplib-5.1.0"));
    let output = output.env("PYTHONPATH", plugins).output();
    let text = told(&output.unwrap());
    let results = text.lines().filter_map(|line| {
        let (ending, rest) = line.split_once(' ')?;
        let name = rest.split(" - ").next()?;
        let endings = ["PASSED", "FAILED", "ERROR", "SKIPPED"];
        let is_result = endings.contains(&ending) && name.starts_with("tests/");
        is_result.then(|| (name.to_owned(), ending.to_owned()))
    });
    let results: BTreeMap<_, _> = results.collect();
    assert!(results.len() > 300 || !only.is_empty(), "{text}");
    results
}

fn end_as_direct(pieces: Pieces) {
    let python = Python::new();
    let direct = own_tests(&python, None, &[]);
    let passed = direct.values().filter(|ending| *ending == "PASSED").count();
    assert!(passed > 300, "{direct:?}");
    let switchboard = switchboard::start(Smtp::new().tls(Tls::PassedThrough), pieces);
    let mut through_proxies = own_tests(&python, Some(switchboard.port), &[]);
    assert_eq!(through_proxies.len(), direct.len());
    let differing = |found: &BTreeMap<String, String>| {
        let differs = |name: &&String| direct.get(*name) != found.get(*name);
        let names = direct.keys().filter(differs).map(|name| name.to_owned());
        names.collect::<Vec<_>>()
    };
    // Some of them give a new connection one second, which a busy host may need for itself.
    for _ in 0..2 {
        let again = differing(&through_proxies);
        if again == [OF_THE_PORT] {
            break;
        }
        let only: Vec<_> = again.iter().collect();
        through_proxies.extend(own_tests(&python, Some(switchboard.port), &only));
    }
    assert_eq!(differing(&through_proxies), [OF_THE_PORT]);
    assert!(switchboard.exchanges() > 500, "{}", switchboard.exchanges());
}

#[test]
fn the_tests_of_aiosmtplib_end_as_on_a_direct_connection() {
    end_as_direct(Pieces::Unchanged);
}

mod in_full {
    //! What takes twice as long.

    use super::*;

    #[test]
    fn the_tests_of_aiosmtplib_end_the_same_way_byte_by_byte() {
        end_as_direct(Pieces::Single);
    }
}
