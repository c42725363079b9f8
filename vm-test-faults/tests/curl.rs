//! HTTP with strangers: curl before nginx, with the proxy between them. What nginx has seen is what
//! its own log says.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vm_test_faults::faults::{FaultProxy, Faults};
use vm_test_faults::toxic::{Direction, Kind};

/// What curl says of each transfer: the status, and how many connections it has made for it.
const TOLD: &str = "write-out = \"%{http_code} %{num_connects}\\n\"\noutput = /dev/null\n";

/// An nginx that answers every request, however long a connection lives.
struct Nginx {
    child: Child,
    directory: TempDir,
    address: SocketAddr,
}

impl Nginx {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let place = directory.path().display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary
            .map(|of| format!("{of}_temp_path {place}/{of};\n"))
            .concat();
        let config = format!(
            "daemon off; master_process off; pid {place}/pid; error_log stderr;\n\
             events {{ worker_connections 512; }}\n\
             http {{ access_log {place}/access.log; keepalive_requests 1000000; {temporary}\
             server {{ listen {address}; location / {{ return 200 \"$request_uri\\n\"; }}\n\
             location /large {{ root {place}; }} location /none {{ return 204; }} }} }}\n"
        );
        fs::write(directory.path().join("nginx.conf"), config).unwrap();
        fs::write(directory.path().join("large"), vec![b'x'; 20_000]).unwrap();
        let child = Command::new("nginx")
            .arg("-c")
            .arg(directory.path().join("nginx.conf"))
            .stdin(Stdio::null())
            .spawn();
        let nginx = Self {
            child: child.unwrap(),
            directory,
            address,
        };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "nginx does not listen"
            );
            sleep(Duration::from_millis(10));
        }
        nginx
    }

    /// Fails if it has not answered so many requests. It writes its log behind its replies.
    fn has_seen(&self, expected: u64) {
        let began = Instant::now();
        loop {
            let log = fs::read_to_string(self.file("access.log")).unwrap();
            let seen = log.lines().count() as u64;
            if seen == expected {
                return;
            }
            let is_late = seen > expected || began.elapsed() > Duration::from_secs(10);
            assert!(!is_late, "nginx has seen {seen} requests, not {expected}");
            sleep(Duration::from_millis(10));
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs curl on a configuration; returns the status of each transfer, and the connections of all.
fn curl(config: &str) -> (Vec<u16>, u64) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("curlrc");
    fs::write(&file, config).unwrap();
    let output = Command::new("curl")
        .args(["--silent", "--max-time", "120", "--config"])
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let told = text.lines().map(|line| {
        let (status, connections) = line.split_once(' ').unwrap();
        (
            status.parse::<u16>().unwrap(),
            connections.parse::<u64>().unwrap(),
        )
    });
    let (statuses, connections): (Vec<u16>, Vec<u64>) = told.unzip();
    (statuses, connections.iter().sum())
}

fn no_violation(proxy: &FaultProxy) {
    assert_eq!(proxy.violations(), [""; 0]);
}

/// Returns a call of one of several kinds, for curl.
fn call(address: SocketAddr, number: usize) -> String {
    let url = |path: &str| format!("url = \"http://{address}/{path}\"\n{TOLD}");
    match number % 6 {
        0 => url(&format!("get/{number}?q={number}")),
        1 => url(&format!("head/{number}")) + "head\n",
        2 => url(&format!("post/{number}")) + "data = \"a=b\"\n",
        3 => {
            url(&format!("put/{number}"))
                + "request = PUT\nheader = \"Transfer-Encoding: chunked\"\ndata = \"hello\"\n"
        }
        4 => url("large"),
        _ => url("none"),
    }
}

fn calls(address: SocketAddr, count: usize) -> String {
    let calls: Vec<String> = (0..count).map(|number| call(address, number)).collect();
    calls.join("next\n")
}

#[test]
fn every_error_reaches_curl_and_the_next_call_on_the_connection_succeeds() {
    let nginx = Nginx::start();
    let faults = Faults::new().unwrap();
    for code in ["429", "500", "501", "502", "503", "504"] {
        let proxy = faults.http(nginx.address()).error(code).on("GET /fault");
        let proxy = proxy.start().unwrap();
        let address = proxy.address();
        let urls = ["ok", "fault", "ok", "fault", "fault", "ok"]
            .map(|path| format!("url = \"http://{address}/{path}\"\n{TOLD}"));
        let (statuses, connections) = curl(&urls.join("next\n"));
        let failed: u16 = code.parse().unwrap();
        assert_eq!(statuses, [200, failed, 200, failed, failed, 200]);
        assert_eq!(connections, 1, "{code}");
        assert_eq!(proxy.hits(), 3);
    }
    for (code, end) in [("truncated", "18"), ("bad-chunk", "56")] {
        let proxy = faults.http(nginx.address()).error(code).start().unwrap();
        let address = proxy.address();
        let output = Command::new("curl")
            .args(["--silent", "--max-time", "20", "--output", "/dev/null"])
            .arg(format!("http://{address}/"))
            .status()
            .unwrap();
        assert_eq!(output.code().unwrap().to_string(), end, "{code}");
    }
}

#[test]
fn a_thousand_mixed_calls_of_curl_fail_where_the_seed_says_on_one_connection() {
    let nginx = Nginx::start();
    let faults = Faults::new().unwrap();
    let proxy = faults.http(nginx.address()).error("503").percent(20);
    let proxy = proxy.seed(7).start().unwrap();
    let (statuses, connections) = curl(&calls(proxy.address(), 1_000));
    assert_eq!(statuses.len(), 1_000);
    let failed = statuses.iter().filter(|status| **status == 503).count() as u64;
    assert!((160..=240).contains(&failed), "{failed}");
    for (number, status) in statuses.iter().enumerate() {
        let expected = if number % 6 == 5 { 204 } else { 200 };
        assert!(
            [503, expected].contains(status),
            "{status} of call {number}"
        );
    }
    assert_eq!(proxy.hits(), failed);
    nginx.has_seen(1_000 - failed);
    assert_eq!(connections, 1);
    no_violation(&proxy);
}

#[test]
fn curl_gets_the_same_from_nginx_when_every_byte_comes_alone() {
    let nginx = Nginx::start();
    let faults = Faults::new().unwrap();
    let slicer = Kind::Slicer {
        average_size: 1,
        size_variation: 0,
        delay: 0,
    };
    let proxy = faults
        .http(nginx.address())
        .dummy()
        .toxic(slicer.clone(), Direction::Upstream)
        .toxic(slicer, Direction::Downstream);
    let proxy = proxy.start().unwrap();
    let body = format!("@{}", nginx.file("nginx.conf").display());
    let get = |address: SocketAddr, path: &str| {
        let output = Command::new("curl")
            .args(["--silent", "--max-time", "60", "--include", "--data-binary"])
            .args([&body, "--request", "GET"])
            .arg(format!("http://{address}/{path}"))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("Date: "));
        lines.collect::<Vec<_>>().join("\n")
    };
    for path in ["", "large", "none", "a/b?c=d"] {
        assert_eq!(
            get(proxy.address(), path),
            get(nginx.address, path),
            "/{path}"
        );
    }
    let (statuses, connections) = curl(&calls(proxy.address(), 60));
    assert!(statuses.iter().all(|status| [200, 204].contains(status)));
    assert_eq!((statuses.len(), connections), (60, 1));
    no_violation(&proxy);
}

#[test]
fn errors_take_their_place_in_pipelines_of_a_hundred() {
    let nginx = Nginx::start();
    let faults = Faults::new().unwrap();
    let proxy = faults.http(nginx.address()).error("500").percent(20);
    let proxy = proxy.seed(7).start().unwrap();
    let mut stream = TcpStream::connect(proxy.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let mut failed = 0;
    for pipeline in 0..10 {
        let numbers = (0..100).map(|at| pipeline * 100 + at);
        let mut requests = String::new();
        for number in numbers.clone() {
            write!(requests, "GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        }
        stream.write_all(requests.as_bytes()).unwrap();
        for number in numbers {
            let (status, body) = reply(&mut stream);
            if status == 500 {
                failed += 1;
            } else {
                assert_eq!((status, body), (200, format!("/{number}\n")));
            }
        }
    }
    assert!((160..=240).contains(&failed), "{failed}");
    assert_eq!(proxy.hits(), failed);
    nginx.has_seen(1_000 - failed);
}

/// Reads a reply that has a Content-Length.
fn reply(stream: &mut TcpStream) -> (u16, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, String::from_utf8(body).unwrap())
}
