//! Addresses as a test writes them, found on the node itself: there its hosts file has the names of
//! all nodes.

use super::stop::Stop;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};

/// Returns the addresses and the port that this names, as in `gw:80`.
pub(super) fn find(to: &str) -> Result<Vec<SocketAddr>, Stop> {
    let found = to.to_socket_addrs().map(Iterator::collect);
    found
        .map_err(|error| Stop::cannot(format!("find `{to}`"), error))
        .and_then(|found: Vec<_>| {
            if found.is_empty() {
                return Err(Stop::cannot(format!("find `{to}`"), "it has no address"));
            }
            Ok(found)
        })
}

/// Returns the address of a host, as in `gw` or `10.1.0.2`; its port is 0.
pub(super) fn find_host(host: &str) -> Result<SocketAddr, Stop> {
    let cannot = |cause: String| Stop::cannot(format!("find `{host}`"), cause);
    let found = (host, 0).to_socket_addrs();
    let found = found.map_err(|error| cannot(error.to_string()))?.next();
    found.ok_or_else(|| cannot("it has no address".to_owned()))
}

/// Returns an address in its own version: a socket for both versions has those of version 4 in
/// version 6.
pub(super) fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Binds to an address. That of all networks is that of version 4 if the kernel has no version 6.
pub(super) fn with_any<T>(
    at: SocketAddr,
    bind: impl Fn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    match bind(at) {
        Err(error)
            if error.raw_os_error() == Some(libc::EAFNOSUPPORT) && at.ip().is_unspecified() =>
        {
            bind((Ipv4Addr::UNSPECIFIED, at.port()).into())
        }
        bound => bound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_as_it_is_written_and_by_its_name() {
        let one = |to: &str| find(to).unwrap()[0].to_string();
        assert_eq!(one("10.1.0.2:80"), "10.1.0.2:80");
        assert_eq!(one("[fd00::1]:80"), "[fd00::1]:80");
        assert!(find("localhost:80").unwrap()[0].ip().is_loopback());
        assert_eq!(find_host("fd00::1").unwrap().ip().to_string(), "fd00::1");
        let Err(Stop::Failed(failure)) = find("10.1.0.2") else {
            panic!("a port is missing");
        };
        assert!(failure.message.starts_with("cannot find `10.1.0.2`: "));
        assert_eq!(
            plain("[::ffff:10.0.0.1]:7".parse().unwrap()).to_string(),
            "10.0.0.1:7"
        );
    }
}
