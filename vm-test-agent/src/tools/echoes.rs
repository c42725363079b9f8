//! A raw socket that sends echo requests to one address, and receives what comes back for them.

use super::icmp::{Answer, Series};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto, recvfrom, sendto,
    socket_with, sockopt,
};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The socket.
#[derive(Debug)]
pub(super) struct Echoes {
    socket: OwnedFd,
    to: SocketAddr,
    series: Series,
}

impl Echoes {
    /// Opens it; the port of the address is 0.
    pub(super) fn open(to: SocketAddr) -> io::Result<Self> {
        let (family, protocol) = match to {
            SocketAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP),
            SocketAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6),
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let mut id = [0; 2];
        rustix::rand::getrandom(&mut id, rustix::rand::GetRandomFlags::empty())?;
        Ok(Self {
            socket: socket_with(family, SocketType::RAW, flags, Some(protocol))?,
            to,
            series: Series {
                is_v6: to.is_ipv6(),
                id: u16::from_ne_bytes(id),
            },
        })
    }

    /// Lets the next requests pass fewer routers than this.
    pub(super) fn limit(&self, hops: u8) -> io::Result<()> {
        match self.to {
            SocketAddr::V4(_) => sockopt::set_ip_ttl(&self.socket, hops.into())?,
            SocketAddr::V6(_) => sockopt::set_ipv6_unicast_hops(&self.socket, Some(hops))?,
        }
        Ok(())
    }

    /// Sends the request of this number.
    pub(super) fn send(&self, number: u16) -> io::Result<()> {
        let request = self.series.request(number);
        sendto(&self.socket, &request, SendFlags::empty(), &self.to)?;
        Ok(())
    }

    /// Returns the next answer that has come and who has sent it, or `None` if there is none so far.
    pub(super) fn receive(&self) -> io::Result<Option<(IpAddr, Answer)>> {
        let mut bytes = [0; 1 << 11];
        loop {
            let (length, from) = match recvfrom(&self.socket, &mut bytes[..], RecvFlags::empty()) {
                Ok((length, _, from)) => (length, from),
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            let from = from.and_then(|from| SocketAddr::try_from(from).ok());
            if let Some(answer) = self.series.answer(&bytes[..length])
                && let Some(from) = from
            {
                return Ok(Some((from.ip(), answer)));
            }
        }
    }
}

impl AsFd for Echoes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
