//! A `vm-test-proxy` or a `vm-test proxy` for one test, the requests that it gets, and servers
//! behind it. It expects nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use vm_test_tests::host::Host;

/// How long anything may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Returns the program that was built with this workspace.
pub(crate) fn program() -> PathBuf {
    let program = Host::program().with_file_name("vm-test-proxy");
    assert!(program.is_file(), "{} is not built", program.display());
    program
}

/// A server that runs; dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts `vm-test-proxy`, and waits until its API listens, at its address.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::started(
            Command::new(program()).args(arguments),
            "api: listening on ",
        )
    }

    /// Starts `vm-test proxy` for this protocol, and waits until clients can connect to its address.
    pub(crate) fn vaurien(protocol: &str, upstream: SocketAddr) -> Self {
        let mut command = Command::new(Host::program());
        command.args(["proxy", "--proxy", "127.0.0.1:0", "--protocol", protocol]);
        command.args(["--backend", &upstream.to_string()]);
        Self::started(&mut command, "proxy \"vaurien\": ")
    }

    /// Starts a program, and waits until it logs where it listens, behind this text.
    pub(crate) fn started(command: &mut Command, text: &str) -> Self {
        let mut child = command
            .env_remove("LOG_LEVEL")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let mut read = {
            let log = Arc::clone(&log);
            move || {
                let mut line = String::new();
                let length = lines.read_line(&mut line).unwrap();
                *log.lock().unwrap() += &line;
                (length > 0).then_some(line)
            }
        };
        let address = loop {
            let line = read().unwrap_or_else(|| panic!("it does not listen: {log:?}"));
            if let Some((_, behind)) = line.split_once(text) {
                break behind.split_whitespace().next().unwrap().parse().unwrap();
            }
        };
        // The rest of the log must be read, lest the server waits for a reader.
        thread::spawn(move || while read().is_some() {});
        Self {
            child,
            address,
            log,
        }
    }

    /// Returns what it has logged.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits until it logs this.
    pub(crate) fn wait_for_log(&self, text: &str) {
        let begin = Instant::now();
        while !self.log().contains(text) {
            let log = self.log();
            let end = &log[log.len().saturating_sub(2_000)..];
            assert!(begin.elapsed() < LIMIT, "no {text:?} in: …{end}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Makes a request; returns its status and its body.
    pub(crate) fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = connect(self.address);
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    /// Adds a proxy; returns where it listens.
    pub(crate) fn proxy(&self, name: &str, upstream: SocketAddr) -> SocketAddr {
        let body = format!("{{\"name\":\"{name}\",\"upstream\":\"{upstream}\"}}");
        let (status, reply) = self.call("POST", "/proxies", &body);
        assert_eq!(status, 201, "{reply}");
        let reply: serde_json::Value = serde_json::from_str(&reply).unwrap();
        reply["listen"].as_str().unwrap().parse().unwrap()
    }

    /// Returns its resident memory in bytes.
    ///
    /// What `status` says of it is counted for each processor, and may be off by hundreds of KiB.
    pub(crate) fn memory(&self) -> u64 {
        let rollup = format!("/proc/{}/smaps_rollup", self.child.id());
        let rollup = std::fs::read_to_string(rollup).unwrap();
        let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:"));
        let kilobytes = line.unwrap().split_whitespace().next().unwrap();
        kilobytes.parse::<u64>().unwrap() * 1024
    }

    /// Returns how many descriptors it has.
    pub(crate) fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(folder).unwrap().count()
    }

    /// Waits until it has no more than so many descriptors.
    pub(crate) fn wait_for_descriptors(&self, most: usize) {
        let begin = Instant::now();
        while self.descriptors() > most {
            let open = self.descriptors();
            assert!(begin.elapsed() < LIMIT, "{open} descriptors");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal, and returns the exit code or the signal that ended it.
    pub(crate) fn end(mut self, signal: Signal) -> Result<i32, i32> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
        let status = self.child.wait().unwrap();
        status.code().ok_or_else(|| status.signal().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Connects, with a limit for reads.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

/// Starts a server that says hello and ends the connection.
pub(crate) fn hello_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"hello");
        }
    });
    address
}
