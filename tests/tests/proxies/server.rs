//! A `vm-test-proxy` for one test, the requests that it gets, and servers behind it. It expects
//! nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use vm_test_tests::host::Host;

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
}

impl Server {
    /// Starts it, and waits until it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(program())
            .args(arguments)
            .env_remove("LOG_LEVEL")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(
                log.read_line(&mut line).unwrap() > 0,
                "it does not listen:\n{said}"
            );
            if let Some((_, address)) = line.split_once("api: listening on ") {
                break address.trim().parse().unwrap();
            }
            said += &line;
        };
        // The rest of the log must go somewhere, lest the server waits for a reader.
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, address }
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
    pub(crate) fn memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.unwrap().split_whitespace().next().unwrap();
        kilobytes.parse::<u64>().unwrap() * 1024
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
    let limit = Some(Duration::from_secs(30));
    stream.set_read_timeout(limit).unwrap();
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
