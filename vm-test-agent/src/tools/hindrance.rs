//! Which errors of the kernel are the network's word, and what it says.

use std::io::{self, ErrorKind};
use vm_test_protocol::tool::Hindrance;

/// Returns why the network does not let something happen.
pub(super) fn hindrance(error: &io::Error) -> Hindrance {
    match error.kind() {
        ErrorKind::ConnectionRefused => Hindrance::Refused,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Hindrance::Reset,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Hindrance::Unreachable(error.to_string())
        }
        // A route can say so.
        ErrorKind::PermissionDenied if error.raw_os_error() == Some(libc::EACCES) => {
            Hindrance::Unreachable(error.to_string())
        }
        ErrorKind::TimedOut => Hindrance::TimedOut {
            is_connected: false,
            received: Vec::new(),
        },
        _ => Hindrance::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_network_are_told_apart() {
        let of = |code| hindrance(&io::Error::from_raw_os_error(code));
        let is_unreachable = |code| matches!(of(code), Hindrance::Unreachable(_));
        assert_eq!(of(libc::ECONNREFUSED), Hindrance::Refused);
        assert_eq!(of(libc::ECONNRESET), Hindrance::Reset);
        assert!(is_unreachable(libc::ENETUNREACH) && is_unreachable(libc::EHOSTUNREACH));
        // Of a route that prohibits, and of a firewall on the way out.
        assert!(is_unreachable(libc::EACCES) && !is_unreachable(libc::EPERM));
        assert!(matches!(of(libc::EPERM), Hindrance::Other(_)));
        assert!(matches!(of(libc::ETIMEDOUT), Hindrance::TimedOut { .. }));
    }
}
