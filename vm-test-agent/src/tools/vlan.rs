//! An interface for a VLAN, which is there for as long as the tool runs.

use super::super::kind;
use super::netlink::{Request, Routes, attribute, of_link};
use super::stop::Stop;
use super::streams::Streams;
use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, SocketType, socket};
use std::io;
use std::net::IpAddr;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::tool::Told;

/// The attributes of a VLAN's interface that libc does not name.
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_VLAN_ID: u16 = 1;

/// The longest name of an interface, in bytes.
const LONGEST_NAME: usize = 15;

/// Has the interface until the end of the tool's input.
pub(super) fn have(
    interface: &str,
    id: u16,
    address: (IpAddr, u8),
    streams: &mut Streams,
) -> Result<(), Stop> {
    let name = format!("{interface}.{id}");
    let vlan = Vlan::make(interface, id, &name).map_err(|error| failed(interface, id, &error))?;
    vlan.configure(address).map_err(|error| {
        let (address, prefix) = address;
        Stop::cannot(format!("give {name} the address {address}/{prefix}"), error)
    })?;
    streams.say(&Told::Ready(None))?;
    while streams.hear()?.is_some() {}
    vlan.remove()
        .map_err(|error| Stop::cannot(format!("remove {name}"), error))
}

/// The interface. Dropped, it is removed.
struct Vlan {
    routes: Routes,
    number: u32,
}

impl Vlan {
    fn make(interface: &str, id: u16, name: &str) -> io::Result<Self> {
        if name.len() > LONGEST_NAME {
            return Err(io::Error::other(format!("the name {name} is too long")));
        }
        let names = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
        let below = name_to_index(&names, interface)?;
        let routes = Routes::open()?;
        let data = attribute(IFLA_VLAN_ID, &id.to_ne_bytes());
        let info = [
            attribute(IFLA_INFO_KIND, b"vlan\0"),
            attribute(IFLA_INFO_DATA, &data),
        ];
        let flags = libc::NLM_F_CREATE | libc::NLM_F_EXCL;
        let mut named = name.as_bytes().to_vec();
        named.push(0);
        let request = Request::new(libc::RTM_NEWLINK, flags, &of_link(0, 0))
            .with(libc::IFLA_IFNAME, &named)
            .with(libc::IFLA_LINK, &below.to_ne_bytes())
            .with(libc::IFLA_LINKINFO, &info.concat());
        routes.ask(request)?;
        let number = name_to_index(&names, name)?;
        Ok(Self { routes, number })
    }

    /// Gives it its address, and brings it up.
    fn configure(&self, (address, prefix): (IpAddr, u8)) -> io::Result<()> {
        let (family, bytes) = match address {
            IpAddr::V4(address) => (libc::AF_INET, address.octets().to_vec()),
            IpAddr::V6(address) => (libc::AF_INET6, address.octets().to_vec()),
        };
        let mut header = vec![u8::try_from(family).unwrap_or_default(), prefix, 0, 0];
        if address.is_ipv6() {
            // Nobody else has it, and looking for a duplicate would take a second.
            header[2] = u8::try_from(libc::IFA_F_NODAD).unwrap_or_default();
        }
        header.extend(self.number.to_ne_bytes());
        let flags = libc::NLM_F_CREATE | libc::NLM_F_EXCL;
        let mut request = Request::new(libc::RTM_NEWADDR, flags, &header)
            .with(libc::IFA_LOCAL, &bytes)
            .with(libc::IFA_ADDRESS, &bytes);
        if let IpAddr::V4(address) = address {
            let of_hosts = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
            let broadcast = u32::from(address) | of_hosts;
            request = request.with(libc::IFA_BROADCAST, &broadcast.to_be_bytes());
        }
        self.routes.ask(request)?;
        let up = of_link(self.number, libc::IFF_UP);
        self.routes.ask(Request::new(libc::RTM_NEWLINK, 0, &up))
    }

    fn remove(self) -> io::Result<()> {
        let removed = self.ask_removal();
        std::mem::forget(self);
        removed
    }

    fn ask_removal(&self) -> io::Result<()> {
        let request = Request::new(libc::RTM_DELLINK, 0, &of_link(self.number, 0));
        self.routes.ask(request)
    }
}

impl Drop for Vlan {
    fn drop(&mut self) {
        let _ = self.ask_removal();
    }
}

/// Explains why there can be no such interface.
fn failed(interface: &str, id: u16, error: &io::Error) -> Stop {
    let what = format!("make VLAN {id} on {interface}");
    if error.raw_os_error() != Some(libc::EOPNOTSUPP) {
        return Stop::cannot(what, error);
    }
    let cause = format!("cannot {what}: the kernel of this guest has no VLANs (8021q)");
    let hint = if kind::is_vm() {
        "use an image whose kernel package has the module 8021q, as Debian's have"
    } else {
        "make the node a VM, whose kernel has them, with `backend = \"kvm\"` for its guest, or load the module on the host: `modprobe 8021q`"
    };
    Failure::new(cause).hint(hint).into()
}
