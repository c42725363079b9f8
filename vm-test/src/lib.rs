//! Tests that change the machine they run on: firewall rules, routes, mounts, services.
//!
//! [`on_vm`] above an ordinary test runs its body as root in a fresh guest: a container, or a VM.
//! Everything it did there is rolled back. Its panic and its output come back, so that `cargo
//! test`, `cargo nextest` and the IDE see an ordinary local test.
//!
//! # Install the program
//!
//! This crate is one half of vm-test. The other half is the program `vm-test`, which starts the
//! guests; it has to be installed as well, in the same version:
//!
//! ```sh
//! cargo install vm-test-executor     # the programs vm-test and vm-test-agent
//! cargo add --dev vm-test            # this crate
//! vm-test doctor                     # names what else is missing on this host, and the remedy
//! ```
//!
//! Containers need `liblxc1` and `uidmap` (Debian, Ubuntu: `apt-get install liblxc1 uidmap`), VMs
//! need QEMU. A test whose program or guest is missing fails, and its message says what to install.
//!
//! # A first test
//!
//! Put this into `tests/first.rs` of any crate, and run `cargo test`:
//!
//! ```no_run
//! use std::fs;
//! use std::process::Command;
//! use vm_test::on_vm;
//!
//! #[on_vm]
//! #[test]
//! fn a_file_system_is_mounted() {
//!     let mut mount = Command::new("mount");
//!     mount.args(["-t", "tmpfs", "none", "/mnt"]);
//!     assert!(mount.status().unwrap().success());
//!
//!     fs::write("/mnt/file", "hello").unwrap();
//!
//!     let mounts = fs::read_to_string("/proc/mounts").unwrap();
//!     assert!(mounts.contains("none /mnt tmpfs"));
//! }
//! ```
//!
//! It mounts a file system as root, and neither needs root nor leaves a mount behind. See [`on_vm`]
//! for guests and settings, and `vm-test --help` for the program.
//!
//! # In a guest
//!
//! [`here()`] tells a test which guest it runs in and where to leave files that come back, and it
//! waits for ports, units of systemd, files, lines of logs, and conditions of the test's own:
//!
//! ```no_run
//! use std::process::Command;
//! use std::time::Duration;
//! use vm_test::on_vm;
//!
//! #[on_vm("server")]
//! #[test]
//! fn the_server_answers() {
//!     let server = Command::new("systemctl").args(["start", "--no-block", "nginx"]).status();
//!     assert!(server.unwrap().success());
//!
//!     let wait = vm_test::here().wait();
//!     wait.unit("nginx.service").within(Duration::from_secs(10));
//!     wait.port(80).within(Duration::from_secs(1));
//! }
//! ```
//!
//! # Features
//!
//! - `faults`: the crate `vm-test-faults` as the module `faults`, for proxies with faults in the
//!   test's own process. Proxies before ports of a lab's nodes (`Node::proxy`) do not need it.
#![forbid(unsafe_code)]

#[doc(inline)]
pub use vm_test_runtime::here::{Backend, Here, here};
pub use vm_test_runtime::on_vm;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
pub use vm_test_runtime::{
    Child, Command, Cut, Hold, Impaired, Impairment, Lab, LabError, Link, LinkError, Node,
    NodeError, Output, PacketEvent, Partition, Paused, PortProxy, Proxied, ProxyEvent, ProxyReport,
    Released, Snapshot, Task, lab,
};

/// Waits in the guest of a test, which begin with [`Here::wait`], and on a node of its lab, which
/// begin with `Node::wait`; and what must hold all the time, see [`Here::always`].
pub mod wait {
    #[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
    #[doc(inline)]
    pub use vm_test_runtime::NodeWait;
    #[doc(inline)]
    pub use vm_test_runtime::here::{Answer, Condition, Wait, WaitError};
    #[doc(inline)]
    pub use vm_test_runtime::{Always, Holds};
}

/// What the nodes of a lab do for a test without a program of their image, such as
/// [`tools::Sniffer`].
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
pub mod tools {
    #[doc(inline)]
    pub use vm_test_runtime::tools::{
        Connect, Datagram, Endpoint, Filter, Listen, NetError, Ping, Pinging, Pings, Response,
        Sniffer, TcpServer, UdpSend, UdpServer, Vlan, filter,
    };
}

/// Faults of a node of a lab, and of the guest of a test, which begin with `Node::faults` and
/// `Here::faults`: a wrong clock, a full disk, no memory, a process that stands still.
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
pub mod node_faults {
    #[doc(inline)]
    pub use vm_test_runtime::faults::{
        FailingDisk, FaultCause, FaultyDisk, NodeFault, NodeFaultError, NodeFaults, Processes,
    };
}

/// Proxies with faults in the test's own process: the crate `vm-test-faults`. They begin with
/// `faults::faults::Faults`.
#[cfg(feature = "faults")]
pub use vm_test_faults as faults;

/// Used by the expansion of [`on_vm`]. Not a public API: it changes without notice.
#[doc(hidden)]
pub use vm_test_runtime::__private;
