//! The room of a container's own link: a network namespace between the container's and what carries
//! its connections out, with a bridge that both are ports of. The container has no way to see it.

use super::ipv6::set;
use super::links::{FarEnd, Links};
use super::moves::Bridge;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::thread;
use vm_test_protocol::machine::Route;
use vm_test_sys::network;

/// The argument that makes the program what carries the link of a container.
pub const OWN_LINK: &str = "__own_link";

/// The bridge. Its packets are as long as what carries connections out can make them.
pub(super) const BRIDGE: Bridge<'static> = Bridge {
    number: 0,
    name: "net0",
    mtu: 65520,
};

/// The bridge's port that leads to the container.
pub(super) const PORT: &str = "port1";

/// The bridge's port that leads outside.
pub(in super::super) const UPLINK: &str = "uplink";

/// The container's interface, its address, and its gateway: those that a VM has behind QEMU.
const INTERFACE: &str = "eth0";
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
const PREFIX: u8 = 24;
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);

/// Locally administered, like those of a lab, but for the fourth byte.
const HARDWARE: [u8; 6] = [0x02, 0x76, 0x6d, 2, 0, 1];
const HARDWARE_OF_BRIDGE: [u8; 6] = [0x02, 0x76, 0x6d, 2, 0, 0];

/// Returns a new network namespace in which no interface has addresses of its own. This thread stays
/// where it is.
pub(in super::super) fn make() -> io::Result<OwnedFd> {
    in_thread(|| {
        network::leave()?;
        set("conf/default/disable_ipv6", "1")?;
        File::open("/proc/thread-self/ns/net").map(OwnedFd::from)
    })
}

/// Links a container's network namespace to the uplink in a room, and starts what takes orders about
/// that link.
pub(in super::super) fn connect(
    room: &OwnedFd,
    container: &OwnedFd,
    orders: OwnedFd,
) -> io::Result<()> {
    let enter = |namespace: &OwnedFd| {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
    };
    in_thread(|| {
        enter(room)?;
        let mut links = Links::open()?;
        let Bridge { name, mtu, .. } = BRIDGE;
        links.add_bridge(name, HARDWARE_OF_BRIDGE, mtu)?;
        let far = FarEnd {
            name: INTERFACE,
            hardware: HARDWARE,
            namespace: container.as_fd(),
        };
        links.add_pair(PORT, name, mtu, &far)?;
        links.join(UPLINK, name, mtu)?;
        enter(container)?;
        let mut links = Links::open()?;
        links.add_address(INTERFACE, ADDRESS.into(), PREFIX)?;
        links.bring_up(INTERFACE)?;
        let outwards = Route {
            to: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            prefix: 0,
            via: GATEWAY.into(),
        };
        links.add_route(INTERFACE, &outwards)?;
        enter(room)?;
        // It ends with its keeper, which is the first process of its namespace.
        Command::new("/proc/self/exe")
            .arg(OWN_LINK)
            .env_clear()
            .stdin(Stdio::from(orders))
            .stdout(Stdio::null())
            .spawn()?;
        Ok(())
    })
}

/// Does something in a thread of its own, which ends in whatever namespace that has led to.
pub(super) fn in_thread<T: Send>(work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    let done = thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|_| Err(io::Error::other("a thread has failed")))
}
