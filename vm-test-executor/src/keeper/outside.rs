//! A container's way out: pasta, which carries its connections between the room of its link and the
//! host's network. It runs below this keeper, in the host's network, and the kernel ends it with the
//! keeper.
//!
//! The addresses are those that a VM has behind QEMU. Nothing is carried in, and nothing to the
//! host's loopback: only what listens on another address of the host can be reached there.

use super::builder::DEVICES;
use super::lab::{self, UPLINK};
use super::world::Assignment;
use crate::backend::ROOM;
use rustix::mount::{UnmountFlags, mount_bind, unmount};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use vm_test_protocol::failure::Failure;
use vm_test_sys::network;

/// The program, of the package `passt`.
pub const PASTA: &str = "pasta";

/// The device through which it has an interface in the container's network namespace.
pub const TUN: &str = "/dev/net/tun";

/// The container's `/etc/resolv.conf`: at this address pasta asks the host's own server of names.
pub(super) const RESOLVER: &str = "nameserver 10.0.2.3\n";

/// What pasta is told, before the network namespace.
const OPTIONS: &[&str] = &[
    // An interface in the namespace, which is then made a port of a bridge.
    "--ns-ifname",
    UPLINK,
    "--ipv4-only",
    "--address",
    "10.0.2.15",
    "--netmask",
    "24",
    "--gateway",
    "10.0.2.2",
    "--dns-forward",
    "10.0.2.3",
    // The gateway would otherwise be the host's loopback.
    "--no-map-gw",
    // No port leads from the host to the container, nor from the container's loopback to the host's.
    "--tcp-ports",
    "none",
    "--udp-ports",
    "none",
    "--tcp-ns",
    "none",
    "--udp-ns",
    "none",
    // The container's interface is configured already.
    "--no-dhcp",
    "--no-dhcpv6",
    "--no-ndp",
    "--no-ra",
    "--quiet",
    // It ends with this keeper.
    "--no-netns-quit",
    "--netns",
];

/// Where the network namespace is for pasta, in the keeper's tmpfs.
const PLACE: &str = "outside";

/// What pasta says when a host has no log, which matters to nobody.
const NO_LOG: &str = "Failed to send ";

/// Returns a new network namespace, which is empty. This thread stays where it is.
pub(super) fn namespace() -> io::Result<OwnedFd> {
    let entered = thread::Builder::new().spawn(|| {
        network::leave()?;
        File::open("/proc/thread-self/ns/net").map(OwnedFd::from)
    })?;
    let lost = |_| io::Error::other("a thread panicked");
    entered.join().map_err(lost)?
}

/// Opens the way out of a network namespace, and leaves the host's. `orders` are those about the
/// link to it.
///
/// Root in the guest is root here, too. The library's sockets are then where neither the guest nor
/// the host's users can connect to them.
pub(super) fn open(
    assignment: &Assignment,
    namespace: &OwnedFd,
    orders: Option<OwnedFd>,
) -> Result<(), Failure> {
    let cannot = |what: &str, error: &io::Error| {
        Failure::new(format!(
            "cannot prepare instance {} of guest `{}`: {what}: {error}",
            assignment.instance, assignment.guest
        ))
    };
    let place = Path::new(ROOM).join(PLACE);
    let room = lab::make_room().map_err(|error| cannot("make a room for its link", &error))?;
    // It has given up the right to open the namespace by a process that has more rights.
    File::create(&place)
        .and_then(|_| {
            let namespace = format!("/proc/self/fd/{}", room.as_raw_fd());
            Ok(mount_bind(namespace, &place)?)
        })
        .map_err(|error| cannot("show pasta its network", &error))?;
    if assignment.device_files {
        let file = Path::new(ROOM).join(DEVICES).join("tun");
        mount_bind(file, TUN).map_err(|error| cannot("bring its tun in", &error.into()))?;
    }
    start(&place).map_err(|error| {
        cannot("open its network to the outside", &error)
            .hint("`network = \"user\"` needs a host with a default route of IP version 4")
    })?;
    orders
        .ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))
        .and_then(|orders| lab::connect(&room, namespace, orders))
        .map_err(|error| cannot("link it to the outside", &error))?;
    unmount(&place, UnmountFlags::DETACH)
        .map_err(io::Error::from)
        .and_then(|()| fs::remove_file(&place))
        .and_then(|()| network::leave())
        .map_err(|error| cannot("leave the host's network", &error))
}

/// Starts pasta, and waits until it is ready: it then goes on in the background.
fn start(namespace: &Path) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{PASTA}: {error}"));
    let ended = Command::new(PASTA)
        .args(OPTIONS)
        .arg(namespace)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(named)?;
    if ended.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{PASTA}: {}",
        complaint(&String::from_utf8_lossy(&ended.stderr))
    )))
}

/// Returns why pasta has ended: the last that it said.
fn complaint(said: &str) -> &str {
    let lines = said.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with(NO_LOG));
    lines.next_back().unwrap_or("it says nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_about_the_network_is_the_complaint() {
        let said = "No external routable interface for IPv4\nFailed to send 40 bytes to syslog\n\
                    External interface not usable\nFailed to send 68 bytes to syslog\n";
        assert_eq!(complaint(said), "External interface not usable");
        assert_eq!(
            complaint("Failed to send 68 bytes to syslog\n"),
            "it says nothing"
        );
    }

    #[test]
    fn nothing_is_carried_in_and_nothing_to_the_hosts_loopback() {
        let value = |option: &str| {
            let at = OPTIONS.iter().position(|it| *it == option);
            at.and_then(|at| OPTIONS.get(at + 1)).copied()
        };
        for ports in ["--tcp-ports", "--udp-ports", "--tcp-ns", "--udp-ns"] {
            assert_eq!(value(ports), Some("none"), "{ports}");
        }
        assert!(OPTIONS.contains(&"--no-map-gw"));
        assert_eq!(OPTIONS.last(), Some(&"--netns"));
    }
}
