//! Interfaces of a container that is in no lab: on a network of their own, which nothing else is on.
//! Gives them no addresses.

use super::links::{FarEnd, Links};
use super::room::{in_thread, make};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};

/// How long packets may be there, in bytes.
pub const MTU: u32 = 1500;

/// The bridge that joins them, in a network namespace that the container cannot see.
const BRIDGE: &str = "net0";

/// Returns the name of an interface.
#[must_use]
pub fn interface(number: u32) -> String {
    format!("eth{number}")
}

/// Returns the hardware address of an interface: locally administered, like those of a lab, but for
/// the fourth byte.
#[must_use]
pub fn hardware_address(number: u32) -> [u8; 6] {
    // The bridge has the last one that ends with 0.
    let number = u8::try_from(number).unwrap_or(u8::MAX).saturating_add(1);
    [0x02, 0x76, 0x6d, 3, 0, number]
}

/// Gives a container's network namespace the interfaces of these numbers. They are joined as long as
/// the result is kept.
pub(in super::super) fn join(container: &OwnedFd, numbers: Range<u32>) -> io::Result<OwnedFd> {
    let switch = make()?;
    let enter = |namespace: &OwnedFd| {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
    };
    in_thread(|| {
        enter(&switch)?;
        let mut links = Links::open()?;
        links.add_bridge(BRIDGE, [0x02, 0x76, 0x6d, 3, 0, 0], MTU)?;
        for number in numbers.clone() {
            let far = FarEnd {
                name: &interface(number),
                hardware: hardware_address(number),
                namespace: container.as_fd(),
            };
            links.add_pair(&format!("port{number}"), BRIDGE, MTU, &far)?;
        }
        enter(container)?;
        let mut links = Links::open()?;
        numbers
            .into_iter()
            .try_for_each(|number| links.bring_up(&interface(number)))
    })?;
    Ok(switch)
}
