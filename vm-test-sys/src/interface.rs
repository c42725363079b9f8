//! An interface of IPv4: its hardware address, its address, and the route to everywhere.

use rustix::net::{AddressFamily, SocketType, socket};
use std::io;
use std::net::Ipv4Addr;
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

impl Interface<'_> {
    /// Configures the interface and brings it up.
    ///
    /// # Errors
    /// If it does not exist, or this is not root of the network namespace.
    pub fn up(&self) -> io::Result<()> {
        let socket = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
        let mut request = self.request();
        // SAFETY: writing a field of a union of plain data.
        unsafe {
            request.ifr_ifru.ifru_hwaddr.sa_family = libc::ARPHRD_ETHER;
            for (to, from) in request
                .ifr_ifru
                .ifru_hwaddr
                .sa_data
                .iter_mut()
                .zip(self.hardware)
            {
                *to = libc::c_char::from_ne_bytes([from]);
            }
        }
        ask(&socket, libc::SIOCSIFHWADDR, &raw mut request)?;
        for (what, address) in [
            (libc::SIOCSIFADDR, self.address),
            (libc::SIOCSIFNETMASK, self.mask),
        ] {
            let mut request = self.request();
            request.ifr_ifru.ifru_addr = plain(address);
            ask(&socket, what, &raw mut request)?;
        }
        let mut request = self.request();
        request.ifr_ifru.ifru_flags = i16::try_from(libc::IFF_UP | libc::IFF_RUNNING).unwrap_or(0);
        ask(&socket, libc::SIOCSIFFLAGS, &raw mut request)?;
        // SAFETY: all-zero bytes are a valid route.
        let mut route: libc::rtentry = unsafe { std::mem::zeroed() };
        route.rt_dst = plain(Ipv4Addr::UNSPECIFIED);
        route.rt_genmask = plain(Ipv4Addr::UNSPECIFIED);
        route.rt_gateway = plain(self.gateway);
        route.rt_flags = libc::RTF_UP | libc::RTF_GATEWAY;
        ask(&socket, libc::SIOCADDRT, &raw mut route)
    }

    fn request(&self) -> libc::ifreq {
        // SAFETY: all-zero bytes are a valid request.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        // The last byte stays zero.
        let room = request.ifr_name.len() - 1;
        for (to, from) in request.ifr_name[..room].iter_mut().zip(self.name.bytes()) {
            *to = libc::c_char::from_ne_bytes([from]);
        }
        request
    }
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

fn ask<T>(socket: &OwnedFd, what: libc::c_ulong, request: *mut T) -> io::Result<()> {
    // SAFETY: each request is called with the structure that it reads, which lives as long as the
    // call.
    match unsafe { libc::ioctl(socket.as_raw_fd(), what, request) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
