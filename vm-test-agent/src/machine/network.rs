//! QEMU user-mode networking: one network card, in a network that QEMU emulates.

use super::appearance::await_there;
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use vm_test_sys::interface::Interface;

/// The interface of the network card; a kernel option keeps this name.
const NAME: &str = "eth0";

/// The addresses that QEMU's user-mode network assigns.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
const MASK: Ipv4Addr = Ipv4Addr::new(255, 255, 255, 0);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
const NAMES: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 3);

/// Brings the interface up. Its hardware address is made of these random bytes.
pub(super) fn up(random: &[u8]) -> io::Result<()> {
    // A locally administered unicast address.
    let mut hardware = [0x52, 0x54, 0, 0, 0, 0];
    for (to, from) in hardware[2..].iter_mut().zip(random) {
        *to = *from;
    }
    Interface {
        name: NAME,
        hardware,
        address: ADDRESS,
        mask: MASK,
        gateway: GATEWAY,
    }
    .up()
    .and_then(|()| await_up(NAME))
    .map_err(|error| io::Error::new(error.kind(), format!("cannot bring {NAME} up: {error}")))?;
    let _ = fs::remove_file("/etc/resolv.conf");
    fs::write("/etc/resolv.conf", format!("nameserver {NAMES}\n"))
}

/// Waits for the link of an interface. The kernel brings it up asynchronously, after the interface is reported as
/// up.
pub(super) fn await_up(interface: &str) -> io::Result<()> {
    let state = Path::new("/sys/class/net")
        .join(interface)
        .join("operstate");
    await_there(|| match fs::read_to_string(&state) {
        Ok(state) => (state.trim() == "up").then_some(Ok(())),
        Err(error) => Some(Err(error)),
    })
    .unwrap_or_else(|| Err(io::Error::other("it has no link")))
}
