//! Three hosts in one guest: `client – router – server`, with real network stacks connected by
//! virtual links.
//!
//! ```text
//! client 10.2.0.2 ─── 10.2.0.1 router 10.1.0.1 ─── 10.1.0.2 server
//! ```
//!
//! The router is the guest itself, where the test runs and the firewall works; client and server
//! are network namespaces in it. Knows how to build them and how to communicate through them, but
//! nothing of firewalls. It removes nothing: when the test ends, the guest ends, with all of this.

use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Output, Stdio};
use std::{fmt, fs};

/// The demo's own program, built by cargo. The guest has it at the same path as the host.
const PROBE: &str = env!("CARGO_BIN_EXE_probe");

/// The three hosts, connected and answering.
pub(crate) struct Topology {
    pub(crate) client: Host,
    pub(crate) router: Host,
    pub(crate) server: Host,
}

/// A network stack, with a name and the address by which the others reach it.
pub(crate) struct Host {
    pub(crate) name: &'static str,
    pub(crate) address: Ipv4Addr,
    /// Whether the host is a separate namespace, not the guest's own.
    apart: bool,
}

impl Topology {
    /// Builds the topology in a guest that has none yet.
    ///
    /// The router does not forward packets until the test enables it: a new network namespace may
    /// inherit that switch from the host, and then no test would notice who had set it.
    pub(crate) fn new() -> Self {
        fs::write("/proc/sys/net/ipv4/ip_forward", "0")
            .expect("root may write the guest's network settings");
        let client = Host {
            name: "client",
            address: Ipv4Addr::new(10, 2, 0, 2),
            apart: true,
        };
        let router = Host {
            name: "router",
            address: Ipv4Addr::new(10, 2, 0, 1),
            apart: false,
        };
        let server = Host {
            name: "server",
            address: Ipv4Addr::new(10, 1, 0, 2),
            apart: true,
        };
        wire(&router, &client, router.address);
        wire(&router, &server, Ipv4Addr::new(10, 1, 0, 1));
        Self {
            client,
            router,
            server,
        }
    }
}

/// Makes the namespace `host` and a link from it to the router, which gets the address `gateway` on
/// that link.
fn wire(router: &Host, host: &Host, gateway: Ipv4Addr) {
    let Host { name, address, .. } = host;
    router.run(&format!("ip netns add {name}"));
    router.run(&format!(
        "ip link add to-{name} type veth peer name eth0 netns {name}"
    ));
    router.run(&format!("ip address add {gateway}/24 dev to-{name}"));
    router.run(&format!("ip link set to-{name} up"));
    host.run(&format!("ip address add {address}/24 dev eth0"));
    host.run("ip link set eth0 up");
    host.run(&format!("ip route add default via {gateway}"));
}

impl Host {
    /// Runs a command on this host and expects it to succeed.
    ///
    /// Words are split at spaces; there is no shell.
    pub(crate) fn run(&self, command: &str) {
        let mut words = command.split_whitespace();
        let program = words.next().expect("a command has at least one word");
        let output = self.output(program, &words.collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "cannot run `{command}` on {}: {}",
            self.name,
            said.trim_end()
        );
    }

    /// Starts an HTTP server on this host that answers with `text`.
    ///
    /// It listens when this returns, and stops when the value is dropped.
    pub(crate) fn serve(&self, port: u16, text: &str) -> Service {
        let mut command = self.command(PROBE);
        command
            .args(["serve", &port.to_string(), text])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut service = Service {
            probe: command
                .spawn()
                .unwrap_or_else(|cause| panic!("cannot start {command:?}: {cause}")),
        };
        let stdout = service
            .probe
            .stdout
            .take()
            .expect("the probe's stdout is piped");
        // The probe prints this line once it listens, and closes its stdout without it on failure.
        let line = BufReader::new(stdout).lines().next().and_then(Result::ok);
        assert_eq!(
            line.as_deref(),
            Some("ready"),
            "no server on port {port} of {}",
            self.name
        );
        service
    }

    /// Requests `url` from this host.
    pub(crate) fn http_get(&self, url: &str) -> Result<Page, NoAnswer> {
        let output = self.output(PROBE, &["get", url]);
        if !output.status.success() {
            return Err(NoAnswer(
                String::from_utf8_lossy(&output.stderr)
                    .trim_end()
                    .to_owned(),
            ));
        }
        let reply = String::from_utf8_lossy(&output.stdout);
        Page::parse(&reply)
            .ok_or_else(|| NoAnswer(format!("{url} answered, but not in HTTP: {reply:?}")))
    }

    /// Runs a program on this host to its end.
    fn output(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = self.command(program);
        command.args(arguments).stdin(Stdio::null());
        command
            .output()
            .unwrap_or_else(|cause| panic!("cannot start {command:?}: {cause}"))
    }

    /// Returns a command that starts `program` in this host's network namespace.
    fn command(&self, program: &str) -> Command {
        if !self.apart {
            return Command::new(program);
        }
        let mut command = Command::new("ip");
        command.args(["netns", "exec", self.name, program]);
        command
    }
}

/// A server on one of the hosts, which stops when this is dropped.
#[must_use = "a server that is dropped at once answers nobody"]
pub(crate) struct Service {
    probe: Child,
}

impl Drop for Service {
    fn drop(&mut self) {
        // Errors are irrelevant: a probe that is already gone is stopped, too.
        let _ = self.probe.kill();
        let _ = self.probe.wait();
    }
}

/// The answer of a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) status: u16,
    /// The client's address, as the server sees it.
    pub(crate) seen_from: Ipv4Addr,
    pub(crate) text: String,
}

impl Page {
    /// Parses the answer of `probe serve`.
    fn parse(reply: &str) -> Option<Self> {
        let (head, text) = reply.split_once("\r\n\r\n")?;
        let status = head.split_whitespace().nth(1)?.parse().ok()?;
        let seen_from = head
            .lines()
            .find_map(|line| line.strip_prefix("Seen-From: "))?
            .parse()
            .ok()?;
        Some(Self {
            status,
            seen_from,
            text: text.to_owned(),
        })
    }
}

/// Why there was no page, as the client's system reports it.
#[derive(Debug)]
pub(crate) struct NoAnswer(String);

impl fmt::Display for NoAnswer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for NoAnswer {}
