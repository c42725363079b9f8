//! A network interface: its hardware address, its addresses, and the route to everywhere.

use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, SocketType, socket};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, OwnedFd};

/// The configuration of a network interface.
#[derive(Clone, Copy, Debug)]
pub struct Interface<'a> {
    /// Its name, of at most 15 bytes.
    pub name: &'a str,
    /// Its hardware address.
    pub hardware: [u8; 6],
    /// Its address.
    pub address: Ipv4Addr,
    /// The mask of its network.
    pub mask: Ipv4Addr,
    /// The gateway for all other addresses.
    pub gateway: Ipv4Addr,
}

/// The configuration of an interface on a network without a gateway.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Its name, of at most 15 bytes.
    pub name: &'a str,
    /// Its hardware address.
    pub hardware: [u8; 6],
    /// How long its packets may be, in bytes.
    pub mtu: u32,
    /// Its addresses, each with the length of its network's prefix.
    pub addresses: &'a [(IpAddr, u8)],
}

impl Link<'_> {
    /// Configures the interface and brings it up.
    ///
    /// # Errors
    /// If it does not exist, or this is not root of the network namespace.
    pub fn up(&self) -> io::Result<()> {
        let socket = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
        set_hardware(&socket, self.name, self.hardware)?;
        let mut request = named(self.name);
        request.ifr_ifru.ifru_mtu = i32::try_from(self.mtu).unwrap_or(i32::MAX);
        ask(&socket, libc::SIOCSIFMTU, &raw mut request)?;
        for &(address, prefix) in self.addresses {
            match address {
                IpAddr::V4(address) => {
                    let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                    set_address(&socket, self.name, address, mask.into())?;
                }
                IpAddr::V6(address) => add_address(self.name, address, prefix)?,
            }
        }
        bring_up(&socket, self.name)
    }
}

/// Gives an interface that is down another name.
///
/// # Errors
/// If there is none of the old name or one of the new name, or this is not root of the network
/// namespace.
pub fn rename(interface: &str, name: &str) -> io::Result<()> {
    let socket = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    let mut request = named(interface);
    request.ifr_ifru.ifru_newname = named(name).ifr_name;
    ask(&socket, libc::SIOCSIFNAME, &raw mut request)
}

/// The kernel's `in6_rtmsg`.
#[repr(C)]
#[derive(Default)]
struct RouteOf6 {
    destination: [u8; 16],
    source: [u8; 16],
    gateway: [u8; 16],
    kind: u32,
    prefix: u16,
    prefix_of_source: u16,
    metric: u32,
    info: libc::c_ulong,
    flags: u32,
    interface: libc::c_int,
}

/// Adds a route to the network of this address and prefix, through a router of a network that this
/// host is on.
///
/// # Errors
/// If the router is on no network that is up, or this is not root of the network namespace.
pub fn add_route(to: IpAddr, prefix: u8, via: IpAddr) -> io::Result<()> {
    match (to, via) {
        (IpAddr::V4(to), IpAddr::V4(via)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            let socket = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
            route(&socket, to, mask.into(), via)
        }
        (IpAddr::V6(to), IpAddr::V6(via)) => {
            let socket = socket(AddressFamily::INET6, SocketType::DGRAM, None)?;
            let mut route = RouteOf6 {
                destination: to.octets(),
                gateway: via.octets(),
                prefix: prefix.into(),
                // That of a route without one.
                metric: 1024,
                flags: u32::from(libc::RTF_UP | libc::RTF_GATEWAY),
                ..RouteOf6::default()
            };
            ask(&socket, libc::SIOCADDRT, &raw mut route)
        }
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn route(socket: &OwnedFd, to: Ipv4Addr, mask: Ipv4Addr, via: Ipv4Addr) -> io::Result<()> {
    // SAFETY: all-zero bytes are a valid route.
    let mut route: libc::rtentry = unsafe { std::mem::zeroed() };
    route.rt_dst = plain(to);
    route.rt_genmask = plain(mask);
    route.rt_gateway = plain(via);
    route.rt_flags = libc::RTF_UP | libc::RTF_GATEWAY;
    ask(socket, libc::SIOCADDRT, &raw mut route)
}

impl Interface<'_> {
    /// Configures the interface and brings it up.
    ///
    /// # Errors
    /// If it does not exist, or this is not root of the network namespace.
    pub fn up(&self) -> io::Result<()> {
        let socket = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
        set_hardware(&socket, self.name, self.hardware)?;
        set_address(&socket, self.name, self.address, self.mask)?;
        bring_up(&socket, self.name)?;
        let everywhere = Ipv4Addr::UNSPECIFIED;
        route(&socket, everywhere, everywhere, self.gateway)
    }
}

fn set_hardware(socket: &OwnedFd, name: &str, hardware: [u8; 6]) -> io::Result<()> {
    let mut request = named(name);
    // SAFETY: writing a field of a union of plain data.
    unsafe {
        request.ifr_ifru.ifru_hwaddr.sa_family = libc::ARPHRD_ETHER;
        for (to, from) in request
            .ifr_ifru
            .ifru_hwaddr
            .sa_data
            .iter_mut()
            .zip(hardware)
        {
            *to = libc::c_char::from_ne_bytes([from]);
        }
    }
    ask(socket, libc::SIOCSIFHWADDR, &raw mut request)
}

fn set_address(socket: &OwnedFd, name: &str, address: Ipv4Addr, mask: Ipv4Addr) -> io::Result<()> {
    for (what, address) in [(libc::SIOCSIFADDR, address), (libc::SIOCSIFNETMASK, mask)] {
        let mut request = named(name);
        request.ifr_ifru.ifru_addr = plain(address);
        ask(socket, what, &raw mut request)?;
    }
    Ok(())
}

fn add_address(name: &str, address: Ipv6Addr, prefix: u8) -> io::Result<()> {
    let socket = socket(AddressFamily::INET6, SocketType::DGRAM, None)?;
    let number = name_to_index(&socket, name)?;
    let mut request = libc::in6_ifreq {
        ifr6_addr: libc::in6_addr {
            s6_addr: address.octets(),
        },
        ifr6_prefixlen: prefix.into(),
        ifr6_ifindex: number.cast_signed(),
    };
    ask(&socket, libc::SIOCSIFADDR, &raw mut request)
}

fn bring_up(socket: &OwnedFd, name: &str) -> io::Result<()> {
    let mut request = named(name);
    // The kernel takes all flags from this: without the last one, programs take the interface for
    // one that cannot send to groups.
    let flags = libc::IFF_UP | libc::IFF_RUNNING | libc::IFF_MULTICAST;
    request.ifr_ifru.ifru_flags = i16::try_from(flags).unwrap_or(0);
    ask(socket, libc::SIOCSIFFLAGS, &raw mut request)
}

/// Returns a request about the interface of this name.
pub(crate) fn named(name: &str) -> libc::ifreq {
    // SAFETY: all-zero bytes are a valid request.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays zero.
    let room = request.ifr_name.len() - 1;
    for (to, from) in request.ifr_name[..room].iter_mut().zip(name.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    request
}

fn plain(address: Ipv4Addr) -> libc::sockaddr {
    let mut plain = libc::sockaddr {
        sa_family: libc::sa_family_t::try_from(libc::AF_INET).unwrap_or_default(),
        sa_data: [0; 14],
    };
    // The address follows the port, four bytes in network order.
    for (to, from) in plain.sa_data[2..6].iter_mut().zip(address.octets()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    plain
}

/// Makes a request of the kernel, which reads a structure for it.
pub(crate) fn ask<T>(socket: &OwnedFd, what: libc::c_ulong, request: *mut T) -> io::Result<()> {
    // SAFETY: each request is called with the structure that it reads, which lives as long as the
    // call.
    match unsafe { libc::ioctl(socket.as_raw_fd(), what, request) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
